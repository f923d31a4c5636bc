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
/** Unknown tokens cost the issuer a request each: so many at once, and no more. */
const MAX_AT_ONCE = 64

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
      if (underWay >= MAX_AT_ONCE) throw new IssuerUnavailable(`over ${MAX_AT_ONCE} introspections under way`)
      underWay += 1
      try {
        const { object } = await send(token, nowMs)
        if (member(object, 'active') !== true)
          return refuseToken('token_invalid', 'the issuer says that it is not active')
        const named = member(object, 'iss')
        if (named !== undefined && named !== issuer.issuer) {
          return refuseToken('token_invalid', `introspection names the issuer ${shown(named)}`)
        }
        const type = member(object, 'token_type')
        if (type !== undefined && (typeof type !== 'string' || type.toLowerCase() !== 'bearer')) {
          return refuseToken('token_invalid', `\`token_type\` is ${shown(type)}`)
        }
        return checkClaims(object, { issuer, audience, typ: undefined }, nowMs / 1000)
      } finally {
        underWay -= 1
      }
    },
  }
}

/** RFC 6749 section 2.3.1: both halves form-encoded first. */
function clientSecretBasic(id: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`
}
