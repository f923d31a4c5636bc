import type { GuardedFetch } from '../guarded-fetch.ts'
import { refuseToken, shown, type TokenRefusal } from '../token-refusal.ts'
import { algorithmOf } from './algorithms.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import type { IssuerMetadata } from './issuer-documents.ts'
import type { ParsedJws } from './jws.ts'
import { createKeySet } from './key-set.ts'
import { profileOf } from './profiles.ts'
import type { Refreshed } from './refreshed.ts'
import type { IssuerSettings } from './types.ts'

/** The JWT access tokens of one issuer. */
export interface JwtIssuer {
  /**
   * Header, signature and claims (RFC 9068 section 4), with this issuer's keys and algorithms alone. `iss` was
   * compared by the caller, who chose the issuer by it.
   * @throws {IssuerUnavailable} its keys cannot be had.
   */
  verify(jws: ParsedJws, audience: string, nowMs: number): Promise<CheckedClaims | TokenRefusal>
}

export function createJwtIssuer(
  issuer: IssuerSettings,
  metadata: Refreshed<IssuerMetadata>,
  fetch: GuardedFetch,
): JwtIssuer {
  const keySet = createKeySet(issuer.issuer, metadata, fetch)
  const accepted: ReadonlySet<string> = new Set(issuer.algorithms)
  const { typs } = profileOf(issuer.profile)

  return {
    async verify(jws, audience, nowMs) {
      const algorithm = accepted.has(jws.alg) ? algorithmOf(jws.alg) : undefined
      if (algorithm === undefined) {
        return refuseToken('token_invalid', `\`alg\` is ${shown(jws.alg)}, not accepted from ${shown(issuer.issuer)}`)
      }
      if (!typs.has(jws.typ))
        return refuseToken('token_invalid', `\`typ\` is ${shown(jws.typ)}, not that of an access token`)
      const key = await keySet.find(jws.kid, jws.alg, algorithm, nowMs)
      if (typeof key === 'string') return refuseToken('token_invalid', key)
      if (!algorithm.verify(jws.signingInput, key.key, jws.signature)) {
        return refuseToken(
          'token_invalid',
          `the signature does not fit the key ${shown(jws.kid)} of ${shown(issuer.issuer)}`,
        )
      }
      return checkClaims(jws.claims, { issuer, audience, typ: jws.typ }, nowMs / 1000)
    },
  }
}
