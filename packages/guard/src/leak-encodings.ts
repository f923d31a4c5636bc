/** The two escapings that the search undoes before it looks, rather than looking for every way to apply them. */

const BACKSLASH = 0x5c
const PERCENT = 0x25
const SLASH = 0x2f
const LOWER_U = 0x75

/** What follows a backslash in JSON (RFC 8259 section 7), `u` aside: the byte that is meant, or 0. */
const shortEscapes = new Uint8Array(256)
for (const pair of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  shortEscapes[pair.charCodeAt(0)] = pair.charCodeAt(1)
}

/** Value of each hex digit; 0xff where it is none. */
const hexDigits = new Uint8Array(256).fill(0xff)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  hexDigits[digit.charCodeAt(0)] = value
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value
}

/**
 * Which escapes may stand inside a copy of the secret: `\uXXXX`, the slash of base64, an escaped backslash (which may
 * begin an escape within the escape), and those of characters that the secret holds.
 */
export function relevantEscapes(secret: Uint8Array): Uint8Array {
  const relevant = new Uint8Array(256)
  for (const letter of [LOWER_U, SLASH, BACKSLASH]) relevant[letter] = 1
  for (let letter = 0; letter < 256; letter++) {
    const meant = shortEscapes[letter] as number
    if (meant !== 0 && secret.includes(meant)) relevant[letter] = 1
  }
  return relevant
}

/**
 * False where undoing the JSON escapes of these bytes could not uncover the secret, which spares most texts the copy.
 */
export function hasRelevantEscape(bytes: Buffer, relevant: Uint8Array): boolean {
  let at = bytes.indexOf(BACKSLASH)
  while (at >= 0) {
    if (relevant[bytes[at + 1] ?? 0] === 1) return true
    at += 2
    if (bytes[at] !== BACKSLASH) at = bytes.indexOf(BACKSLASH, at)
  }
  return false
}

/** The bytes with every JSON escape replaced by the UTF-8 that it means; what is no escape stays as it is. */
export function undoJsonEscapes(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  let at = 0
  while (at < bytes.length) {
    const slash = bytes[at] === BACKSLASH ? at : bytes.indexOf(BACKSLASH, at)
    if (slash < 0) break
    length += bytes.copy(out, length, at, slash)
    const next = bytes[slash + 1] ?? 0
    const meant = shortEscapes[next] as number
    if (meant !== 0) {
      out[length++] = meant
      at = slash + 2
      continue
    }
    const unit = next === LOWER_U ? fourHexDigits(bytes, slash + 2) : -1
    if (unit < 0) {
      out[length++] = BACKSLASH
      at = slash + 1
      continue
    }
    at = slash + 6
    const low =
      isHighSurrogate(unit) && bytes[at] === BACKSLASH && bytes[at + 1] === LOWER_U ? fourHexDigits(bytes, at + 2) : -1
    if (low >= 0xdc00 && low < 0xe000) {
      at += 6
      length = putUtf8(out, length, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    } else {
      length = putUtf8(out, length, unit)
    }
  }
  length += bytes.copy(out, length, at)
  return out.subarray(0, length)
}

export function hasPercent(bytes: Buffer): boolean {
  return bytes.includes(PERCENT)
}

/** The bytes with every `%XX` replaced by the byte that it means (RFC 3986 section 2.1). */
export function undoPercent(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  let at = 0
  while (at < bytes.length) {
    const percent = bytes[at] === PERCENT ? at : bytes.indexOf(PERCENT, at)
    if (percent < 0) break
    length += bytes.copy(out, length, at, percent)
    const high = hexDigits[bytes[percent + 1] ?? 0] as number
    const low = hexDigits[bytes[percent + 2] ?? 0] as number
    const isEscape = (high | low) < 16
    out[length++] = isEscape ? (high << 4) | low : PERCENT
    at = percent + (isEscape ? 3 : 1)
  }
  length += bytes.copy(out, length, at)
  return out.subarray(0, length)
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function fourHexDigits(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) return -1
  let value = 0
  for (let offset = 0; offset < 4; offset++) {
    const digit = hexDigits[bytes[at + offset] as number] as number
    if (digit > 15) return -1
    value = (value << 4) | digit
  }
  return value
}

/** A lone surrogate is written as the three bytes its number would take: no secret holds it, and nothing is lost. */
function putUtf8(out: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    out[at++] = point
  } else if (point < 0x800) {
    out[at++] = 0xc0 | (point >> 6)
    out[at++] = 0x80 | (point & 0x3f)
  } else if (point < 0x10000) {
    out[at++] = 0xe0 | (point >> 12)
    out[at++] = 0x80 | ((point >> 6) & 0x3f)
    out[at++] = 0x80 | (point & 0x3f)
  } else {
    out[at++] = 0xf0 | (point >> 18)
    out[at++] = 0x80 | ((point >> 12) & 0x3f)
    out[at++] = 0x80 | ((point >> 6) & 0x3f)
    out[at++] = 0x80 | (point & 0x3f)
  }
  return at
}
