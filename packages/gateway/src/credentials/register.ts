import { createHmac } from 'node:crypto'
import type { SecretRegister } from './broker.ts'

/**
 * Keeps digests only. A token that an upstream's broker fetched is claimed while it is cached, so that two upstreams
 * which are given one and the same token are found out.
 */
export function createSecretRegister(key: Buffer): SecretRegister {
  const holders = new Map<string, Set<string>>()
  const digest = (secret: string) =>
    createHmac('sha256', key).update('sallyport secret register\n').update(secret).digest('base64')
  return {
    claim(upstream, secret) {
      const id = digest(secret)
      const known = holders.get(id)
      if (known === undefined) holders.set(id, new Set([upstream]))
      else known.add(upstream)
    },
    release(upstream, secret) {
      const id = digest(secret)
      const known = holders.get(id)
      known?.delete(upstream)
      if (known?.size === 0) holders.delete(id)
    },
    serves(upstream, secret) {
      const known = holders.get(digest(secret))
      return known === undefined || (known.has(upstream) && known.size === 1)
    },
  }
}
