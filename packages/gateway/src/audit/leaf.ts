import { hash } from 'node:crypto'

/**
 * The Merkle leaf hash of an entry, lower-case hex: SHA-256 of 0x00 and the entry's canonical bytes (RFC 9162
 * section 2.1.1).
 * @param canonical the entry in the form of RFC 8785; its UTF-8 bytes are hashed.
 */
export function leafHash(canonical: string): string {
  return hash('sha256', `\0${canonical}`, 'hex')
}
