import { constants, type KeyObject, verify } from 'node:crypto'

/**
 * A JWS algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2) and the one kind of key that fits
 * it.
 */
export interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519'
  verify(signingInput: Buffer, key: KeyObject, signature: Buffer): boolean
}

/** Symmetric algorithms and `none` are absent: there is nothing here that could accept them. */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', rsaPss('sha256')],
  ['PS384', rsaPss('sha384')],
  ['PS512', rsaPss('sha512')],
  ['ES256', ecdsa('sha256', 'P-256', 64)],
  ['ES384', ecdsa('sha384', 'P-384', 96)],
  ['ES512', ecdsa('sha512', 'P-521', 132)],
  ['EdDSA', ed25519()],
  ['Ed25519', ed25519()],
])

export function algorithmOf(name: string): Algorithm | undefined {
  return algorithms.get(name)
}

export function algorithmNames(): readonly string[] {
  return [...algorithms.keys()]
}

function rsa(hash: string): Algorithm {
  return {
    kty: 'RSA',
    verify: (input, key, signature) => verify(hash, input, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  }
}

function rsaPss(hash: string): Algorithm {
  return {
    kty: 'RSA',
    verify: (input, key, signature) =>
      verify(
        hash,
        input,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
        signature,
      ),
  }
}

function ecdsa(hash: string, crv: 'P-256' | 'P-384' | 'P-521', signatureBytes: number): Algorithm {
  return {
    kty: 'EC',
    crv,
    verify: (input, key, signature) =>
      signature.length === signatureBytes && verify(hash, input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  }
}

function ed25519(): Algorithm {
  return {
    kty: 'OKP',
    crv: 'Ed25519',
    verify: (input, key, signature) => signature.length === 64 && verify(null, input, key, signature),
  }
}
