/** Why a token was not accepted, from a closed union. All but `keys_unavailable`, which is our fault, are 401. */
export type TokenRefusalReason =
  | 'token_missing'
  | 'token_malformed'
  | 'token_invalid'
  | 'token_audience'
  | 'token_expired'
  | 'token_revoked'
  | 'keys_unavailable'

/** An expected no, as a value: `'refused' in verdict` tells it from a principal. */
export interface TokenRefusal {
  readonly refused: true
  readonly reason: TokenRefusalReason
  /** Exact, for a log and never for the wire: claims such as `iss` and `aud` at most, bounded, printable ASCII. */
  readonly detail: string
}

const MAX_DETAIL_CHARACTERS = 600
const SHOWN_CHARACTERS = 120

/** @param detail values of other hands in it went through `shown`. */
export function refuseToken(reason: TokenRefusalReason, detail: string): TokenRefusal {
  return { refused: true, reason, detail: detail.slice(0, MAX_DETAIL_CHARACTERS) }
}

/** A value that somebody else chose, made safe to put in a detail: bounded, quoted, every odd character escaped. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return `\`${String(value)}\``
  if (typeof value !== 'string') return Array.isArray(value) ? 'an array' : 'an object'
  const cut = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}...` : value
  const escaped = JSON.stringify(cut)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(/[^\x20-\x7e]|`/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `\`${escaped}\``
}
