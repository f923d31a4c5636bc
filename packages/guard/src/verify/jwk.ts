import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import { decodeBase64url } from './jws.ts'
import { type JsonObject, member } from './strict-json.ts'

/** A public key of an issuer's key set, fit for use. */
export interface VerificationKey {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv: string | undefined
  /** The only algorithm the key set allows for it, where it names one (RFC 7517 section 4.4). */
  readonly alg: string | undefined
  readonly key: KeyObject
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192
/** FIPS 186-5, appendix A.1.1: an odd exponent between 2^16 and 2^256. */
const MIN_RSA_EXPONENT = 65537n
const MAX_RSA_EXPONENT = 2n ** 256n
/** SP 800-89 section 5.3.3: no prime factor under 752. */
const SMALL_FACTOR_LIMIT = 752n

const coordinateBytes: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }

/**
 * y coordinates of the points of small order on Ed25519, sign bit cleared. For such a key anybody can sign, says
 * OpenSSL 3.0.
 */
const smallOrderPoints: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** False for keys that a key set may hold but that no access token is verified with: they are passed over. */
export function isForSignatures(jwk: JsonObject): boolean {
  const use = member(jwk, 'use')
  const operations = member(jwk, 'key_ops')
  const kty = member(jwk, 'kty')
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return false
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/**
 * The key that this JWK is (RFC 7517, RFC 7518 section 6), or why it is unfit: malformed, weak, or published with its
 * private half. Only public members are read: certificates and URLs in it mean nothing here. Does not look for ROCA.
 */
export function importJwk(jwk: JsonObject): VerificationKey | string {
  if (Object.hasOwn(jwk, 'd')) return 'published with its private half'
  const kty = member(jwk, 'kty')
  const crv = member(jwk, 'crv')
  const alg = member(jwk, 'alg')
  if (alg !== undefined && typeof alg !== 'string') return 'one with a malformed `alg`'
  const read =
    kty === 'RSA' ? readRsa(jwk) : kty === 'EC' ? readEc(jwk) : kty === 'OKP' ? readOkp(jwk) : 'of an unknown type'
  if (typeof read === 'string') return read
  try {
    return {
      kty: kty as VerificationKey['kty'],
      crv: kty === 'RSA' ? undefined : (crv as string),
      alg,
      key: createPublicKey({ key: read, format: 'jwk' }),
    }
  } catch {
    // e.g. a point that is not on its curve
    return 'not a valid public key'
  }
}

function readRsa(jwk: JsonObject): webcrypto.JsonWebKey | string {
  const n = bytesOf(jwk, 'n')
  const e = bytesOf(jwk, 'e')
  if (n === undefined || e === undefined || n.length > MAX_RSA_BITS / 8 || e.length > 33) return 'a malformed RSA key'
  const modulus = toBigInt(n)
  const exponent = toBigInt(e)
  const bits = modulus.toString(2).length
  if (bits < MIN_RSA_BITS) return `an RSA key of ${bits} bits, under ${MIN_RSA_BITS}`
  if (exponent < MIN_RSA_EXPONENT || exponent > MAX_RSA_EXPONENT || exponent % 2n === 0n) {
    return 'an RSA key with a weak exponent'
  }
  if (hasSmallFactor(modulus)) return 'an RSA key with a weak modulus'
  return { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') }
}

function readEc(jwk: JsonObject): webcrypto.JsonWebKey | string {
  const crv = member(jwk, 'crv')
  const bytes = typeof crv === 'string' && Object.hasOwn(coordinateBytes, crv) ? coordinateBytes[crv] : undefined
  const x = bytesOf(jwk, 'x')
  const y = bytesOf(jwk, 'y')
  if (bytes === undefined || x?.length !== bytes || y?.length !== bytes)
    return 'a malformed or unknown elliptic curve key'
  return { kty: 'EC', crv: crv as string, x: x.toString('base64url'), y: y.toString('base64url') }
}

function readOkp(jwk: JsonObject): webcrypto.JsonWebKey | string {
  const x = bytesOf(jwk, 'x')
  if (member(jwk, 'crv') !== 'Ed25519' || x?.length !== 32) return 'a malformed or unknown Edwards curve key'
  const unsigned = Buffer.from(x)
  unsigned[31] = (unsigned[31] as number) & 0x7f
  if (smallOrderPoints.has(unsigned.toString('hex'))) return 'an Ed25519 key of small order'
  return { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') }
}

function bytesOf(jwk: JsonObject, name: string): Buffer | undefined {
  const value = member(jwk, name)
  return typeof value === 'string' ? decodeBase64url(value) : undefined
}

function toBigInt(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
}

function hasSmallFactor(modulus: bigint): boolean {
  if (modulus % 2n === 0n) return true
  for (let factor = 3n; factor < SMALL_FACTOR_LIMIT; factor += 2n) if (modulus % factor === 0n) return true
  return false
}
