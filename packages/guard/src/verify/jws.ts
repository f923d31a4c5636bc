import { refuseToken, shown, type TokenRefusal } from '../token-refusal.ts'
import { type JsonObject, member, parseJsonObject } from './strict-json.ts'

/** A JWS of the compact serialisation (RFC 7515 section 7.1), read but not verified. */
export interface ParsedJws {
  readonly alg: string
  /** Undefined where the header has none (RFC 7515 section 4.1.4: it is optional). */
  readonly kid: string | undefined
  /** Lower case, without `application/`; undefined where the header has none. */
  readonly typ: string | undefined
  readonly claims: JsonObject
  readonly signingInput: Buffer
  readonly signature: Buffer
}

const MAX_HEADER_CHARACTERS = 4096
const MAX_SIGNATURE_CHARACTERS = 2048
const MAX_KID_CHARACTERS = 512
const MAX_HEADER_DEPTH = 4
const MAX_CLAIMS_DEPTH = 16

/**
 * Header parameters that would let the token choose its key, its meaning or its form: keys and where to fetch them
 * (RFC 7515 sections 4.1.2, 4.1.3, 4.1.5, 4.1.6), extensions (4.1.11, and RFC 7797), nesting (RFC 7519 section 5.2),
 * encryption and compression (RFC 7516 section 4.1). None belongs in an access token; a thumbprint (`x5t`) is harmless.
 */
const refusedParameters = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'cty', 'enc', 'zip', 'epk', 'apu', 'apv']

/**
 * Three or five parts: the form of a JWS or JWE, whatever they hold. Such a token is never treated as an opaque one.
 */
export function looksLikeJwt(token: string): boolean {
  const parts = token.split('.', 6).length
  return parts === 3 || parts === 5
}

/** Strict: canonical base64url, JSON without duplicate members, bounded. Verifies nothing. */
export function parseJws(token: string): ParsedJws | TokenRefusal {
  const parts = token.split('.', 6)
  if (parts.length === 5) return refuseToken('token_malformed', 'an encrypted token (JWE), which is not accepted')
  const [headerPart, claimsPart, signaturePart] = parts
  if (parts.length !== 3 || headerPart === undefined || claimsPart === undefined || signaturePart === undefined) {
    return refuseToken('token_malformed', `a JWS has three parts, this has ${parts.length}`)
  }
  if (headerPart.length > MAX_HEADER_CHARACTERS) return refuseToken('token_malformed', 'the header is too long')
  if (signaturePart.length > MAX_SIGNATURE_CHARACTERS)
    return refuseToken('token_malformed', 'the signature is too long')
  const headerBytes = decodeBase64url(headerPart)
  const claimsBytes = decodeBase64url(claimsPart)
  const signature = decodeBase64url(signaturePart)
  if (headerBytes === undefined || claimsBytes === undefined || signature === undefined) {
    return refuseToken('token_malformed', 'a part is no canonical base64url (RFC 7515 section 2)')
  }
  const header = parseJsonObject(headerBytes, MAX_HEADER_DEPTH)
  if (typeof header === 'string') return refuseToken('token_malformed', `the header is ${header}`)
  const claims = parseJsonObject(claimsBytes, MAX_CLAIMS_DEPTH)
  if (typeof claims === 'string') return refuseToken('token_malformed', `the claims are ${claims}`)

  const refused = refusedParameters.find((name) => Object.hasOwn(header, name))
  if (refused !== undefined) return refuseToken('token_invalid', `the header has \`${refused}\`, which is not accepted`)
  const alg = member(header, 'alg')
  const kid = member(header, 'kid')
  const typ = member(header, 'typ')
  if (typeof alg !== 'string') return refuseToken('token_invalid', `\`alg\` is ${shown(alg)}`)
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_CHARACTERS)) {
    return refuseToken('token_invalid', `\`kid\` is ${shown(kid)}`)
  }
  if (typ !== undefined && typeof typ !== 'string') return refuseToken('token_invalid', `\`typ\` is ${shown(typ)}`)
  return {
    alg,
    kid,
    // RFC 7515 section 4.1.9: media types ignore case, and `application/` may be left out
    typ: typ?.toLowerCase().replace(/^application\//, ''),
    claims,
    signingInput: Buffer.from(`${headerPart}.${claimsPart}`, 'latin1'),
    signature,
  }
}

/** Undefined unless it is the one way to write these bytes: no padding, no other alphabet, no stray trailing bits. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
