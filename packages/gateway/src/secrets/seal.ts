/**
 * Envelope encryption of single records: AES-256-GCM (NIST SP 800-38D) under a fresh data key for each record, which
 * the root key wraps. A record, its tenant, name and version are bound together: one row's ciphertext opens in no
 * other row, and an older one under no newer version.
 *
 * Layout: format (1) | key id (8) | nonce (12) | wrapped data key (32) | tag (16) | nonce (12) | ciphertext | tag (16).
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { RandomBytes } from '../clock.ts'

export const rootKeyBytes = 32
const format = 1
const keyIdBytes = 8
const nonceBytes = 12
const tagBytes = 16
const dataKeyBytes = 32
const headBytes = 1 + keyIdBytes
const wrappedBytes = nonceBytes + dataKeyBytes + tagBytes
const leastBytes = headBytes + wrappedBytes + nonceBytes + tagBytes
/** RFC 5869 section 2.3: 255 blocks of the hash. */
const maxDerivedBytes = 255 * 32

/** A record does not open. The message names the record and what to do, never its content. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
  readonly fault: 'wrong_key' | 'damaged' | 'unknown_format'

  constructor(fault: 'wrong_key' | 'damaged' | 'unknown_format', message: string) {
    super(message)
    this.fault = fault
  }
}

export class RootKey {
  readonly #root: KeyObject
  readonly #random: RandomBytes
  readonly #id: Buffer

  /** @param key 32 bytes; overwritten with zeros here. */
  constructor(key: Buffer, random: RandomBytes) {
    this.#root = createSecretKey(key)
    key.fill(0)
    this.#random = random
    this.#id = this.#expand(['identify'], keyIdBytes)
  }

  /** HKDF-SHA256 (RFC 5869) for this tenant and purpose: the same bytes at each start, and no others' of theirs. */
  derive(tenant: string, purpose: string, length: number): Buffer {
    if (!Number.isInteger(length) || length < 1 || length > maxDerivedBytes)
      throw new RangeError('no such length can be derived')
    return this.#expand(['derive', tenant, purpose, length], length)
  }

  /** @param version of the record, from 1; what opens under it was sealed under it. */
  seal(tenant: string, name: string, version: number, plaintext: Buffer): Buffer {
    const head = Buffer.concat([Buffer.of(format), this.#id])
    const bound = boundTo(head, tenant, name, version)
    const dataKey = this.#random(dataKeyBytes)
    try {
      const wrapped = encrypt(this.#wrapping(tenant), this.#random(nonceBytes), dataKey, bound)
      const sealed = encrypt(createSecretKey(dataKey), this.#random(nonceBytes), plaintext, bound)
      return Buffer.concat([head, wrapped, sealed])
    } finally {
      dataKey.fill(0)
    }
  }

  /** @throws {SealBroken} another key, changed or cut bytes, or the ciphertext of another tenant, name or version. */
  open(tenant: string, name: string, version: number, ciphertext: Buffer): Buffer {
    const record = `the sealed record \`${name}\` of tenant \`${tenant}\``
    const damaged = `${record} was changed, cut, or taken from another place: restore it from a backup`
    if (ciphertext.length < leastBytes) throw new SealBroken('damaged', damaged)
    if (ciphertext[0] !== format) {
      throw new SealBroken(
        'unknown_format',
        `${record} has a format that this version does not know: use the version that wrote it, or restore a backup`,
      )
    }
    const head = ciphertext.subarray(0, headBytes)
    if (!head.subarray(1).equals(this.#id)) {
      throw new SealBroken(
        'wrong_key',
        `${record} was sealed with another root key: restore the root key that belongs to this store`,
      )
    }
    const bound = boundTo(head, tenant, name, version)
    const wrapped = ciphertext.subarray(headBytes, headBytes + wrappedBytes)
    const dataKey = decrypt(this.#wrapping(tenant), wrapped, bound)
    if (dataKey === undefined) throw new SealBroken('damaged', damaged)
    const plaintext = decrypt(createSecretKey(dataKey), ciphertext.subarray(headBytes + wrappedBytes), bound)
    dataKey.fill(0)
    if (plaintext === undefined) throw new SealBroken('damaged', damaged)
    return plaintext
  }

  #wrapping(tenant: string): KeyObject {
    return createSecretKey(this.#expand(['wrap', tenant], dataKeyBytes))
  }

  /** The label is JSON, so that no two lists of parts make the same bytes. */
  #expand(label: readonly (string | number)[], length: number): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, '', JSON.stringify(['sallyport', format, ...label]), length))
  }
}

function boundTo(head: Buffer, tenant: string, name: string, version: number): Buffer {
  return Buffer.concat([head, Buffer.from(JSON.stringify([tenant, name, version]))])
}

function encrypt(key: KeyObject, nonce: Buffer, plaintext: Buffer, bound: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(bound)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** @param box nonce, ciphertext and tag. Undefined where the tag does not fit. */
function decrypt(key: KeyObject, box: Buffer, bound: Buffer): Buffer | undefined {
  const tagAt = box.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(bound).setAuthTag(box.subarray(tagAt))
  const plaintext = decipher.update(box.subarray(nonceBytes, tagAt))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}
