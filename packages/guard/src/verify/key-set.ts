import type { GuardedFetch } from '../guarded-fetch.ts'
import { shown } from '../token-refusal.ts'
import type { Algorithm } from './algorithms.ts'
import { fetchObject, type IssuerMetadata, IssuerUnavailable } from './issuer-documents.ts'
import { importJwk, isForSignatures, type VerificationKey } from './jwk.ts'
import { createRefreshed, type Refreshed } from './refreshed.ts'
import { isObject, member } from './strict-json.ts'

/** The keys of one issuer; no other issuer's are ever looked at. */
export interface KeySet {
  /**
   * The key for a token's `kid`, or why there is none. A `kid` not seen before fetches the set anew, at most
   * every 30 s.
   * @throws {IssuerUnavailable}
   */
  find(
    kid: string | undefined,
    algorithmName: string,
    algorithm: Algorithm,
    nowMs: number,
  ): Promise<VerificationKey | string>
}

/** By `kid`; a string tells why that one cannot be used. Keys without `kid` are in `unnamed`. */
interface Keys {
  readonly byKid: ReadonlyMap<string, VerificationKey | string>
  readonly unnamed: readonly VerificationKey[]
}

const MAX_KEYS = 100
const MAX_KEY_SET_BYTES = 256 * 1024
const DEFAULT_FRESH_MS = 10 * 60_000
const MIN_FRESH_MS = 60_000
/** A key that the issuer withdrew is not accepted for longer than this, whatever the answer's `max-age`. */
const MAX_FRESH_MS = 60 * 60_000
const USABLE_MS = 24 * 60 * 60_000
const RETRY_MS = 5000
const UNKNOWN_KID_INTERVAL_MS = 30_000

export function createKeySet(issuer: string, metadata: Refreshed<IssuerMetadata>, fetch: GuardedFetch): KeySet {
  let unknownKidAtMs: number | undefined
  let unknownKidFlight: Promise<Keys> | undefined
  const keys = createRefreshed<Keys>({
    usableMs: USABLE_MS,
    retryMs: RETRY_MS,
    load: async (nowMs) => {
      const { jwksUri } = await metadata.get(nowMs)
      if (jwksUri === undefined) throw new IssuerUnavailable(`the metadata of ${shown(issuer)} has no \`jwks_uri\``)
      const { object, headers } = await fetchObject(fetch, jwksUri, {
        origin: { namedBy: issuer },
        maxBytes: MAX_KEY_SET_BYTES,
      })
      return { value: readKeys(member(object, 'keys'), jwksUri), freshMs: freshMs(headers) }
    },
  })

  return {
    async find(kid, algorithmName, algorithm, nowMs) {
      const held = await keys.get(nowMs)
      const found = select(held, kid, algorithmName, algorithm)
      if (found !== undefined) return found
      const sinceMs = unknownKidAtMs === undefined ? UNKNOWN_KID_INTERVAL_MS : Math.abs(nowMs - unknownKidAtMs)
      if (unknownKidFlight === undefined && sinceMs >= UNKNOWN_KID_INTERVAL_MS) {
        unknownKidAtMs = nowMs
        unknownKidFlight = keys.again(nowMs).finally(() => {
          unknownKidFlight = undefined
        })
      }
      // whoever comes while the set is fetched anew waits for it: a rotation reaches many tokens at once
      const again = select(await (unknownKidFlight ?? keys.get(nowMs)), kid, algorithmName, algorithm)
      if (again !== undefined) return again
      return `${shown(issuer)} has no key ${kid === undefined ? 'that is the only one to fit' : shown(kid)}`
    },
  }
}

/** @throws {IssuerUnavailable} not a key set (RFC 7517 section 5), or one of more than 100 keys. */
function readKeys(listed: unknown, url: string): Keys {
  if (!Array.isArray(listed)) throw new IssuerUnavailable(`${shown(url)} answered without \`keys\``)
  if (listed.length > MAX_KEYS) throw new IssuerUnavailable(`${shown(url)} answered with over ${MAX_KEYS} keys`)
  const byKid = new Map<string, VerificationKey | string>()
  const unnamed: VerificationKey[] = []
  for (const jwk of listed) {
    if (!isObject(jwk) || !isForSignatures(jwk)) continue
    const kid = member(jwk, 'kid')
    const key = importJwk(jwk)
    if (typeof kid === 'string') byKid.set(kid, byKid.has(kid) ? 'one of several under this `kid`' : key)
    else if (kid === undefined && typeof key !== 'string') unnamed.push(key)
  }
  return { byKid, unnamed }
}

/** Undefined where the set knows no such key. */
function select(
  keys: Keys,
  kid: string | undefined,
  name: string,
  algorithm: Algorithm,
): VerificationKey | string | undefined {
  if (kid === undefined) {
    const all = [...keys.byKid.values(), ...keys.unnamed]
    const fitting = all.filter((key) => typeof key !== 'string' && misfit(key, name, algorithm) === undefined)
    return fitting.length === 1 ? fitting[0] : undefined
  }
  const key = keys.byKid.get(kid)
  if (key === undefined) return undefined
  const problem = typeof key === 'string' ? key : misfit(key, name, algorithm)
  return problem === undefined ? key : `the key ${shown(kid)} is ${problem}`
}

function misfit(key: VerificationKey, name: string, algorithm: Algorithm): string | undefined {
  if (key.kty !== algorithm.kty || key.crv !== algorithm.crv) return `not one for ${name}`
  return key.alg !== undefined && key.alg !== name ? `one for ${shown(key.alg)} alone` : undefined
}

function freshMs(headers: Headers): number {
  const directives = headers.get('cache-control') ?? ''
  if (/\bno-(store|cache)\b/i.test(directives)) return MIN_FRESH_MS
  const maxAge = /\bmax-age=(\d{1,9})\b/i.exec(directives)?.[1]
  if (maxAge === undefined) return DEFAULT_FRESH_MS
  return Math.min(MAX_FRESH_MS, Math.max(MIN_FRESH_MS, Number(maxAge) * 1000))
}
