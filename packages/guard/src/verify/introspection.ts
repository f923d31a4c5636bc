import type { GuardedFetch } from '../guarded-fetch.ts'
import { type InboundToken, rawToken } from '../inbound-token.ts'
import { refuseToken, shown, type TokenRefusal } from '../token-refusal.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import { fetchObject, type IssuerMetadata, IssuerUnavailable } from './issuer-documents.ts'
import type { Refreshed } from './refreshed.ts'
import { member } from './strict-json.ts'
import type { IssuerSettings, Transit } from './types.ts'

export interface Introspection {
  /** @throws {IssuerUnavailable}, and what `onTransit` threw. */
  ask(token: InboundToken, audience: string, nowMs: number): Promise<CheckedClaims | TokenRefusal>
}

const MAX_ANSWER_BYTES = 64 * 1024
/** A token costs the issuer a request each time: so many at once, and no more. */
const MAX_AT_ONCE = 64
/** Of these, by tokens that were not good before: inventing them leaves room for those that were, whose verdict is over. */
const MAX_UNKNOWN_AT_ONCE = 48
/** Tokens remembered as good before, by their SHA-256; over that, the one whose last verdict is oldest is forgotten. */
const MAX_REMEMBERED = 4096

/**
 * Token introspection (RFC 7662) at the issuer's own endpoint, as its metadata names it: the only place where the token
 * goes. `aud`, `exp` and `client_id` are optional there and mandatory here.
 */
export function createIntrospection(
  issuer: IssuerSettings,
  client: NonNullable<IssuerSettings['client']>,
  metadata: Refreshed<IssuerMetadata>,
  fetch: GuardedFetch,
  onTransit: (transit: Transit) => void | Promise<void>,
): Introspection {
  let underWay = 0
  let unknownUnderWay = 0
  const goodBefore = new Set<string>()

  /** Of good tokens alone, so that a flood of others makes none forgotten. */
  function remember(sha256: string, good: boolean): void {
    goodBefore.delete(sha256)
    if (!good) return
    goodBefore.add(sha256)
    const [oldest] = goodBefore
    if (goodBefore.size > MAX_REMEMBERED && oldest !== undefined) goodBefore.delete(oldest)
  }

  async function judge(token: InboundToken, audience: string, nowMs: number): Promise<CheckedClaims | TokenRefusal> {
    const { object } = await send(token, nowMs)
    if (member(object, 'active') !== true) return refuseToken('token_invalid', 'the issuer says that it is not active')
    const named = member(object, 'iss')
    if (named !== undefined && named !== issuer.issuer) {
      return refuseToken('token_invalid', `introspection names the issuer ${shown(named)}`)
    }
    const type = member(object, 'token_type')
    if (type !== undefined && (typeof type !== 'string' || type.toLowerCase() !== 'bearer')) {
      return refuseToken('token_invalid', `\`token_type\` is ${shown(type)}`)
    }
    return checkClaims(object, { issuer, audience, typ: undefined }, nowMs / 1000)
  }

  async function send(token: InboundToken, nowMs: number) {
    const { introspectionEndpoint } = await metadata.get(nowMs)
    if (introspectionEndpoint === undefined) {
      throw new IssuerUnavailable(`the metadata of ${shown(issuer.issuer)} has no \`introspection_endpoint\``)
    }
    await onTransit({ issuer: issuer.issuer, endpoint: introspectionEndpoint, tokenSha256: token.sha256 })
    return fetchObject(fetch, introspectionEndpoint, {
      method: 'POST',
      headers: { authorization: clientSecretBasic(client.id, client.secret()) },
      body: new URLSearchParams({ token: rawToken(token), token_type_hint: 'access_token' }),
      origin: { namedBy: issuer.issuer },
      maxBytes: MAX_ANSWER_BYTES,
    })
  }

  return {
    async ask(token, audience, nowMs) {
      const unknown = goodBefore.has(token.sha256) ? 0 : 1
      if (underWay >= MAX_AT_ONCE) throw new IssuerUnavailable(`over ${MAX_AT_ONCE} introspections under way`)
      if (unknownUnderWay + unknown > MAX_UNKNOWN_AT_ONCE)
        throw new IssuerUnavailable(`over ${MAX_UNKNOWN_AT_ONCE} introspections of unknown tokens under way`)
      underWay += 1
      unknownUnderWay += unknown
      try {
        const claims = await judge(token, audience, nowMs)
        remember(token.sha256, !('refused' in claims))
        return claims
      } finally {
        underWay -= 1
        unknownUnderWay -= unknown
      }
    },
  }
}

/** RFC 6749 section 2.3.1: both halves form-encoded first. */
function clientSecretBasic(id: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`
}
