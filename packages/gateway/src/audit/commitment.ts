import { createHmac, hash } from 'node:crypto'

/** Shortest commitment key, bytes: as long as the hash (RFC 2104 section 3). */
const keyBytes = 32

/**
 * The salt of one entry's commitment: HMAC-SHA256 of the entry's id under the commitment key, as 64 lower-case hex digits.
 * Whoever is given an entry's salt and its arguments can check the commitment; without the salt, arguments cannot be
 * guessed and tried. One salt tells nothing of another entry's.
 * @throws {RangeError} a key of fewer than 32 bytes.
 */
export function commitmentSalt(key: Uint8Array, entryId: string): string {
  if (key.length < keyBytes) {
    throw new RangeError(`a commitment key of ${key.length} bytes is too short; use ${keyBytes} random bytes`)
  }
  return createHmac('sha256', key).update(entryId).digest('hex')
}

/**
 * The commitment to the arguments of a call: `sha256:` and the lower-case hex of SHA-256 over the salt's hex
 * digits and the arguments.
 * @param canonicalArguments in the form of RFC 8785; their UTF-8 bytes are hashed.
 */
export function argumentsCommitment(salt: string, canonicalArguments: string): string {
  return `sha256:${hash('sha256', salt + canonicalArguments, 'hex')}`
}
