import { generateKeyPairSync } from 'node:crypto'
import { exportJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { importJwk } from '../../src/verify/jwk.ts'
import { signingKey } from '../support/issuer.ts'

const rsa = async (modulusLength: number, publicExponent = 65537) =>
  (await exportJWK(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey)) as Record<string, unknown>
const base64 = (value: bigint) => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url')
}

describe('key quality', () => {
  test.each(['ES256', 'ES384', 'ES512', 'RS256', 'EdDSA'] as const)('a key for %s is taken', async (alg) => {
    const { jwk, publicKey } = await signingKey('k', alg)
    const imported = importJwk({ ...jwk, x5c: ['AAAA'], x5u: 'https://127.0.0.1/' })
    expect(imported).toMatchObject({ kty: jwk['kty'] })
    expect(typeof imported !== 'string' && imported.key.equals(publicKey)).toBe(true)
  })

  test('RSA under 2048 bits is refused', async () => {
    expect(importJwk(await rsa(1024))).toContain('1024 bits')
  })

  test('RSA with an exponent of 1, 3, or even, is refused', async () => {
    const jwk = await rsa(2048)
    for (const e of [1n, 3n, 65536n, 65538n, 0n, 2n ** 256n + 1n]) {
      expect(importJwk({ ...jwk, e: base64(e) })).toContain('exponent')
    }
  })

  test('RSA with an even modulus, or one with a small factor, is refused', async () => {
    const jwk = await rsa(2048)
    const top = 2n ** 2047n
    for (const n of [top, top + (751n - (top % 751n)) + 751n * ((top / 751n) % 2n)]) {
      expect(importJwk({ ...jwk, n: base64(n) })).toContain('modulus')
    }
  })

  test('RSA over 8192 bits is refused before any arithmetic', async () => {
    const jwk = await rsa(2048)
    expect(importJwk({ ...jwk, n: Buffer.alloc(1025, 0xff).toString('base64url') })).toContain('malformed')
  })

  test('a point that is not on the curve is refused', async () => {
    const { jwk } = await signingKey('k')
    expect(importJwk({ ...jwk, y: Buffer.alloc(32, 1).toString('base64url') })).toBe('not a valid public key')
    expect(importJwk({ ...jwk, y: 'AAAA' })).toContain('malformed')
    expect(importJwk({ ...jwk, crv: 'P-384' })).toContain('malformed')
    expect(importJwk({ ...jwk, crv: 'secp256k1' })).toContain('malformed')
    expect(importJwk({ ...jwk, crv: 'constructor' })).toContain('malformed')
  })

  test('an Ed25519 key of small order, for which anybody can sign, is refused', () => {
    const neutral = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])
    for (const x of [
      neutral,
      Buffer.alloc(32),
      Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa', 'hex'),
      Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'hex'),
    ]) {
      expect(importJwk({ kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') })).toContain('small order')
    }
  })

  test('a key published with its private half is refused', async () => {
    const { privateKey } = await signingKey('k')
    expect(importJwk((await exportJWK(privateKey)) as Record<string, unknown>)).toContain('private')
  })

  test('members that are not canonical base64url are refused', async () => {
    const { jwk } = await signingKey('k', 'EdDSA')
    for (const x of [`${jwk['x']}=`, ` ${jwk['x']}`, 7, undefined]) {
      expect(importJwk({ ...jwk, x })).toContain('malformed')
    }
  })
})
