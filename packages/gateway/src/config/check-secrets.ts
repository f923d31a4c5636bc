/** Where secrets are referred to, and what resolved secrets must not be. No fault quotes a secret. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../secrets/secret.ts'
import { comparable } from './check-issuers.ts'
import type { Draft, Item } from './draft.ts'
import { environmentOf } from './environment.ts'
import type { Fault, Path, Report } from './problem.ts'
import type { UpstreamInput } from './schema-upstreams.ts'
import { issuerFault } from './urls.ts'

/** Shorter ones collide with innocent text when answers are searched for them. */
const shortBytes = 16

type Form = 'bearer' | 'header' | 'text'

/** One place that refers to a secret. */
export interface Slot {
  readonly path: Path
  readonly reference: string
  readonly form: Form
  /** What it belongs to, as a person would say; secrets of one owner may be equal. */
  readonly owner: string
  /** Whether an upstream, or an authorization server for it, gets to see the secret. */
  readonly outbound: boolean
}

export function slotsOf(draft: Draft): readonly Slot[] {
  const clients = (draft.clients ?? []).flatMap(({ path, value }): Slot[] => {
    if (value.secret === undefined) return []
    const owner = `client \`${value.id ?? path.at(-1)}\``
    return [{ path: [...path, 'secret'], reference: value.secret, form: 'text', owner, outbound: false }]
  })
  const issuers = draft.issuers.flatMap(({ path, value }): Slot[] => {
    if (value.client === undefined) return []
    const place = [...path, 'client', 'secret']
    const owner = `entry ${path.at(-1)} of \`issuers\``
    return [{ path: place, reference: value.client.secret, form: 'text', owner, outbound: false }]
  })
  return [...clients, ...issuers, ...draft.upstreams.flatMap(slotsOfUpstream)]
}

function slotsOfUpstream({ path, value }: Item<UpstreamInput>): Slot[] {
  const owner = `upstream \`${value.name ?? path.at(-1)}\``
  const slot = (place: Path, reference: string, form: Form): Slot => {
    return { path: [...path, ...place], reference, form, owner, outbound: true }
  }
  const env = value.env ?? {}
  const slots = environmentOf(env).secrets.map((name) => slot(['env', name], env[name] ?? '', 'text'))
  const { credentials } = value
  switch (credentials?.type) {
    case 'bearer':
      return [...slots, slot(['credentials', 'token'], credentials.token, 'bearer')]
    case 'header':
      return [...slots, slot(['credentials', 'value'], credentials.value, 'header')]
    case 'basic':
      return [...slots, slot(['credentials', 'password'], credentials.password, 'text')]
    case 'client_credentials':
      return [...slots, slot(['credentials', 'clientSecret'], credentials.clientSecret, 'text')]
    default:
      return slots
  }
}

export interface Filled {
  readonly slot: Slot
  readonly secret: Secret
}

export function checkSecrets(filled: readonly Filled[], draft: Draft, report: Report, warn: Report): void {
  const digests = filled.map(({ secret }) => createHash('sha256').update(secret.reveal()).digest())
  for (const [index, { slot, secret }] of filled.entries()) {
    const value = secret.reveal()
    const fault = formFault(value, slot.form) ?? (slot.outbound ? ownTokenFault(value, draft) : undefined)
    if (fault !== undefined) report(slot.path, fault)
    if (Buffer.byteLength(value) < shortBytes) {
      const danger = slot.outbound ? 'answers cannot be searched for it reliably' : 'it can be guessed'
      warn(slot.path, {
        message: `the secret is shorter than ${shortBytes} bytes, so ${danger}`,
        help: 'use a longer one',
      })
    }
    const same = filled.slice(0, index).find((other, position) => {
      const shared = other.slot.owner !== slot.owner && (other.slot.outbound || slot.outbound)
      return shared && equalDigests(digests[index], digests[position])
    })
    if (same !== undefined) {
      report(slot.path, {
        message: `is the same secret as that of ${same.slot.owner}`,
        help: 'get a secret of its own for each upstream',
      })
    }
  }
}

/** In constant time. */
function equalDigests(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

function formFault(value: string, form: Form): Fault | undefined {
  if (form === 'bearer' && /^bearer\s/i.test(value)) {
    return { message: 'the secret starts with the word `Bearer`', help: 'store the token alone' }
  }
  // RFC 6750 section 2.1 for bearer; RFC 9110 section 5.5 for header values.
  const accepted =
    form === 'bearer'
      ? /^[A-Za-z0-9\-._~+/]+=*$/
      : form === 'header'
        ? /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/
        : /^\P{Cc}+$/u
  if (accepted.test(value)) return undefined
  return {
    message:
      form === 'text'
        ? 'the secret holds control characters'
        : 'the secret holds characters that cannot stand in a header',
    help: 'store the secret alone, without line breaks or quotes',
  }
}

/** A token of ours or of an issuer that we accept would open Sallyport itself: never a credential for an upstream. */
function ownTokenFault(value: string, draft: Draft): Fault | undefined {
  const issuer = issuerOfJwt(value)
  if (issuer === undefined) return undefined
  const own = [draft.settings.url, ...draft.issuers.map((item) => item.value.issuer)]
  if (!own.some((known) => known !== undefined && comparable(known) === comparable(issuer))) return undefined
  return {
    message: 'is a token of Sallyport or of an entry in `issuers`, which opens Sallyport itself',
    help: 'get a credential that the upstream issued',
  }
}

/** The `iss` of what has the form of a JWT (RFC 7519 section 3). Verifies nothing. */
function issuerOfJwt(value: string): string | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(value.trim().replace(/^bearer\s+/i, ''))?.[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const issuer = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined
    return typeof issuer === 'string' && issuerFault(issuer) === undefined ? issuer : undefined
  } catch {
    return undefined
  }
}
