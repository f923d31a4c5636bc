/**
 * What oidc-provider keeps, in our store. The value of an opaque token is its `jti`, which is both the key here and a
 * member of the payload: the key becomes its SHA-256 and the payload loses it, so that the store holds no token.
 */
import { hash } from 'node:crypto'
import type { OAuthStore } from '../store/port.ts'

/** The only model that is stored, of the only grant that is on; every other one, e.g. `Client`, has nothing here. */
export const tokenModel = 'ClientCredentials'

export interface Adapter {
  upsert(id: string, payload: Readonly<Record<string, unknown>>, expiresInSeconds: number): Promise<void>
  find(id: string): Promise<Record<string, unknown> | undefined>
  destroy(id: string): Promise<void>
}

/** SHA-256 of a token, lower-case hex: its key in the store, and all that may be logged of it. */
export function tokenKey(value: string): string {
  return hash('sha256', value, 'hex')
}

/** @param stored called after each insert. */
export function adapterFactory(
  store: OAuthStore,
  nowSeconds: () => number,
  stored: () => void,
): (model: string) => Adapter {
  return (model) => ({
    async upsert(id, payload, expiresInSeconds) {
      if (model !== tokenModel) throw new Error(`nothing of the model \`${model}\` is stored`)
      const { jti: _, ...rest } = payload
      await store.upsert(model, tokenKey(id), JSON.stringify(rest), undefined, nowSeconds() + expiresInSeconds)
      stored()
    },
    async find(id) {
      if (model !== tokenModel) return undefined
      const row = await store.find(model, tokenKey(id), nowSeconds())
      return row === undefined ? undefined : { ...parsePayload(row.payload), jti: id }
    },
    async destroy(id) {
      if (model === tokenModel) await store.destroy(model, tokenKey(id))
    },
  })
}

export function parsePayload(payload: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(payload)
  if (typeof parsed !== 'object' || parsed === null) throw new Error('a stored token is not an object')
  return { ...parsed }
}
