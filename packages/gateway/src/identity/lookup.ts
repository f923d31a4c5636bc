/** What the outer door asks of the embedded server: is this opaque token good, and for what? */
import type { OpaqueClaims, OpaqueLookup } from '@sallyport/guard'
import type { OAuthStore } from '../store/port.ts'
import { possibleScopes, type Resources } from './access.ts'
import { parsePayload, tokenModel } from './adapter.ts'

export interface TokenLookup extends OpaqueLookup {
  /**
   * Undefined for a token that is unknown, expired or revoked, or whose client or resource is no longer configured; the
   * scopes are those that the client may still have. Reads the store each time: what caches it bounds how long a revoked
   * token lives.
   * @param sha256 of the token, lower-case hex.
   * @throws where the store cannot be read: our fault, so 503, never 401.
   */
  find(sha256: string): Promise<OpaqueClaims | undefined>
}

export interface LookupOptions {
  readonly issuer: string
  readonly store: OAuthStore
  readonly resources: Resources
  /** By client id, the scopes that it may have; undefined means every one. */
  readonly clients: ReadonlyMap<string, ReadonlySet<string> | undefined>
  readonly nowSeconds: () => number
}

const digest = /^[0-9a-f]{64}$/

export function createLookup({ issuer, store, resources, clients, nowSeconds }: LookupOptions): TokenLookup {
  return {
    async find(sha256) {
      if (!digest.test(sha256)) return undefined
      const now = nowSeconds()
      const row = await store.find(tokenModel, sha256, now)
      if (row === undefined) return undefined
      const { clientId, aud, scope, exp } = parsePayload(row.payload)
      if (typeof clientId !== 'string' || typeof aud !== 'string' || typeof scope !== 'string') return undefined
      if (typeof exp !== 'number' || exp <= now) return undefined
      const upstream = resources.get(aud)
      if (upstream === undefined || !clients.has(clientId)) return undefined
      const possible = possibleScopes(upstream, clients.get(clientId))
      const scopes = scope.split(' ').filter((one) => possible.includes(one))
      return { issuer, clientId, subject: undefined, groups: [], audience: aud, scopes, expiresAt: exp }
    },
  }
}
