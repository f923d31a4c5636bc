/** The embedded server's own keys: generated once, sealed in the store, the same for every process on that store. */
import { generateKeyPairSync, hash } from 'node:crypto'
import type { SealedStore } from '../store/port.ts'

/** What is needed here of the root key; tenant, name and version are bound to the ciphertext. */
export interface RootKey {
  derive(tenant: string, purpose: string, length: number): Buffer
  seal(tenant: string, name: string, version: number, plaintext: Buffer): Buffer
  /** @throws where the ciphertext was made by another key, for another name, or was changed. */
  open(tenant: string, name: string, version: number, ciphertext: Buffer): Buffer
}

/** An ES256 key pair as JWK (RFC 7518 section 6.2); `kid` is its thumbprint (RFC 7638). */
export interface SigningKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly d: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

const sealedName = 'oauth/signing-key'

/**
 * Of two processes that start at once on an empty store, one generates the key of both.
 * @throws where the stored key cannot be opened: the wrong root key, or a changed store. Never replaces it.
 */
export async function loadSigningKey(sealed: SealedStore, rootKey: RootKey, tenant: string): Promise<SigningKey> {
  const stored =
    (await sealed.get(tenant, sealedName)) ??
    (await sealed.putIfAbsent(tenant, sealedName, rootKey.seal(tenant, sealedName, 1, generate())))
  // what opens was sealed by us, so its shape is ours
  return JSON.parse(rootKey.open(tenant, sealedName, stored.version, stored.ciphertext).toString('utf8'))
}

/** What is published at `jwks_uri`. */
export function publicKeySet({ d: _, ...key }: SigningKey): { readonly keys: readonly Omit<SigningKey, 'd'>[] } {
  return { keys: [key] }
}

function generate(): Buffer {
  const { crv, kty, x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const kid = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
  return Buffer.from(JSON.stringify({ kty, crv, x, y, d, kid, alg: 'ES256', use: 'sig' }), 'utf8')
}
