import crypto from 'node:crypto'
import { inspect } from 'node:util'
import { createLeakDetector } from './leak-detector.ts'
import { refuseToken, type TokenRefusal } from './token-refusal.ts'

/** All that is left of an access token once it was verified. Never yields the value. */
export interface TokenSeal {
  /**
   * True where any 24-byte window of the token, in any encoding that `createLeakDetector` covers, stands in these
   * bytes.
   */
  matches(bytes: Uint8Array): boolean
}

const MAX_TOKEN_BYTES = 8 * 1024
const LEAK_WINDOW_BYTES = 24
const PLACEHOLDER = '[access token]'

/** RFC 6750 section 2.1: one space, then `b64token`. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

let readValue: (token: InboundToken) => string

/**
 * The access token that a client presented. The only holder of its raw value, which nothing outside `verify/` can read:
 * it prints as a placeholder, and no other object is an `InboundToken`.
 */
export class InboundToken {
  readonly #value: string
  #seal: TokenSeal | undefined
  /** SHA-256 of the token, lower-case hex: all that a log or a key of a cache may hold. */
  readonly sha256: string

  static {
    readValue = (token) => token.#value
  }

  private constructor(value: string) {
    this.#value = value
    this.sha256 = sha256Hex(value)
  }

  /**
   * Reads the value of an `Authorization` header (RFC 6750 section 2.1; the scheme in any case, RFC 9110 section 11.1).
   * Does not check that the header came once, nor anything about the token but its characters and length.
   */
  static fromAuthorization(value: string): InboundToken | TokenRefusal {
    const schemeEnd = value.indexOf(' ')
    const scheme = schemeEnd < 0 ? value : value.slice(0, schemeEnd)
    if (scheme.toLowerCase() !== 'bearer')
      return refuseToken('token_missing', 'the scheme of `Authorization` is not `Bearer`')
    const token = schemeEnd < 0 ? '' : value.slice(schemeEnd + 1)
    if (token.length === 0) return refuseToken('token_missing', 'the scheme `Bearer` is followed by no token')
    if (token.length > MAX_TOKEN_BYTES)
      return refuseToken('token_malformed', `the token is over ${MAX_TOKEN_BYTES} bytes`)
    if (!b64token.test(token)) {
      return refuseToken('token_malformed', 'the token holds what RFC 6750 section 2.1 does not allow in one')
    }
    return new InboundToken(token)
  }

  /** The same seal at each call; its search is built when it first has something to search. */
  seal(): TokenSeal {
    this.#seal ??= Object.freeze(createLeakDetector(this.#value, { window: LEAK_WINDOW_BYTES }))
    return this.#seal
  }

  toString(): string {
    return PLACEHOLDER
  }

  toJSON(): string {
    return PLACEHOLDER
  }

  [inspect.custom](): string {
    return PLACEHOLDER
  }
}

/** The raw value, for `verify/` alone: what it reads may go to the token's own issuer and to nobody else. */
export function rawToken(token: InboundToken): string {
  return readValue(token)
}

/** Node 20 lacks the one-shot `crypto.hash`, which costs half as much. */
function sha256Hex(value: string): string {
  return typeof crypto.hash === 'function'
    ? crypto.hash('sha256', value, 'hex')
    : crypto.createHash('sha256').update(value).digest('hex')
}
