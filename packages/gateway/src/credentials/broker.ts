import { createHmac } from 'node:crypto'
import type { Refusal } from '../refusal.ts'
import { refuse } from '../refusal.ts'
import type { CredentialType, Plan } from '../stages.ts'
import { mint } from '../stages.ts'
import { detectorOf } from './detector.ts'
import type { Credential, SecretDetector } from './port.ts'
import { mintCredential } from './port.ts'
import type { HeaderPair } from './present.ts'

/** What `explain` may say of a credential: never its value. */
export interface CredentialDescription {
  readonly upstream: string
  readonly type: CredentialType
  readonly id: string
  readonly version: string
  /** The references that the secrets came from, e.g. `${FILES_KEY}`. */
  readonly sources: readonly string[]
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly scopes: readonly string[]
  /** `unknown`: the secret does not say, so it is good until its maker ends it. `none`: nothing is presented. */
  readonly expiry: { readonly known: true; readonly at: number } | { readonly known: false; readonly why: string }
}

/** Presents one upstream's credential. One type, one file. */
export interface Broker {
  readonly plan: Plan
  lease(): Credential | Promise<Credential | Refusal>
  rejected(): void
  describe(): CredentialDescription
}

/** Which upstreams hold which secret, by digest, so that no secret serves two. */
export interface SecretRegister {
  claim(upstream: string, secret: string): void
  release(upstream: string, secret: string): void
  /** False where another upstream holds it, too. */
  serves(upstream: string, secret: string): boolean
}

/** Names a version of a secret without telling anything of it: an HMAC, since a bare hash of a weak one can be guessed. */
export function versionOf(key: Buffer, upstream: string, secrets: readonly string[]): string {
  const hmac = createHmac('sha256', key).update(`sallyport credential version\n${upstream}`)
  for (const secret of secrets) hmac.update(`\n${Buffer.byteLength(secret)}\n`).update(secret)
  return hmac.digest('hex').slice(0, 12)
}

export function planOf(fields: {
  readonly upstream: string
  readonly type: CredentialType
  readonly version: string
  readonly issuer?: string
  readonly audience?: string
  readonly scopes?: readonly string[]
}): Plan {
  return Object.freeze(
    mint<Plan>({
      upstream: fields.upstream,
      type: fields.type,
      id: `${fields.upstream}/${fields.type}`,
      version: fields.version,
      issuer: fields.issuer,
      audience: fields.audience,
      scopes: Object.freeze([...(fields.scopes ?? [])]),
    }),
  )
}

/** @param secrets what the incoming tripwire looks for; or what looks for it, where that outlives one lease. */
export function credentialOf(
  upstream: string,
  presented: { readonly headers?: readonly HeaderPair[]; readonly environment?: Readonly<Record<string, string>> },
  secrets: readonly string[] | SecretDetector,
): Credential {
  return Object.freeze(
    mintCredential({
      upstream,
      headers: Object.freeze([...(presented.headers ?? [])]),
      environment: Object.freeze({ ...presented.environment }),
      detector: 'matches' in secrets ? secrets : detectorOf(secrets),
    }),
  )
}

interface StaticParts {
  readonly plan: Plan
  readonly credential: Credential
  readonly secrets: readonly string[]
  readonly sources: readonly string[]
}

/** A credential that nothing must be fetched for: built once, and leased without waiting. */
export class StaticBroker implements Broker {
  readonly plan: Plan
  readonly #parts: StaticParts
  readonly #register: SecretRegister
  /** Decided at the first lease, when every upstream has claimed its secrets. */
  #leased: Credential | Promise<Refusal> | undefined

  constructor(register: SecretRegister, parts: StaticParts) {
    this.plan = parts.plan
    this.#parts = parts
    this.#register = register
    for (const secret of parts.secrets) register.claim(parts.plan.upstream, secret)
  }

  lease(): Credential | Promise<Refusal> {
    if (this.#leased === undefined) {
      const { upstream } = this.plan
      const own = this.#parts.secrets.every((secret) => this.#register.serves(upstream, secret))
      this.#leased = own ? this.#parts.credential : Promise.resolve(sharedSecret(upstream))
    }
    return this.#leased
  }

  rejected(): void {
    // Nothing could be fetched anew: the next call presents the same secret, until an operator changes it.
  }

  describe(): CredentialDescription {
    const { upstream, type, id, version, issuer, audience, scopes } = this.plan
    const why = type === 'none' ? 'nothing is presented' : 'a fixed secret does not say when it ends'
    return {
      upstream,
      type,
      id,
      version,
      sources: this.#parts.sources,
      issuer,
      audience,
      scopes,
      expiry: { known: false, why },
    }
  }
}

export function sharedSecret(upstream: string): Refusal {
  return refuse(
    'credential_unavailable',
    `the secret of \`${upstream}\` is the secret of another upstream, too; give each its own`,
  )
}
