import { hasPercent, hasRelevantEscape, relevantEscapes, undoJsonEscapes, undoPercent } from './leak-encodings.ts'
import { exactForms, type Form, fold, foldedForms } from './leak-forms.ts'

/** Looks for one secret. Never yields it. */
export interface LeakDetector {
  /** True where a window of the secret, in any covered encoding, stands in these bytes. */
  matches(bytes: Uint8Array): boolean
}

export interface LeakDetectorOptions {
  /** Bytes of the secret that make a leak, at least 16; `whole` for all of it. A shorter secret is looked for whole. */
  readonly window: number | 'whole'
}

const GRAM = 8
/** Below this the samples would stand so close that a plain search costs less. */
const SAMPLED_FROM = 16
const MAX_SLOT_BITS = 16
/** Escapes within escapes: JSON in a string of JSON, as many tools answer. */
const JSON_ROUNDS = 2

/**
 * A search for `secret` as it is, JSON-escaped (also twice), percent-encoded, in hex, and in base64 or base64url at
 * three offsets, case ignored from 16 bytes on. Built at the first search: at most 8 KiB beside the secret.
 *
 * Not found: fragments shorter than the window, compressed or encrypted copies, base64 broken over lines, one encoding
 * within another (but base64 or hex within JSON escapes or percent), a space written as `+`.
 *
 * @throws {RangeError} the secret is empty, or the window is under 16.
 */
export function createLeakDetector(secret: string, options: LeakDetectorOptions): LeakDetector {
  if (secret.length === 0) throw new RangeError('the secret to look for is empty; give one')
  if (options.window !== 'whole' && !(options.window >= SAMPLED_FROM)) {
    throw new RangeError(`the window \`${options.window}\` is under ${SAMPLED_FROM} bytes; give a larger one`)
  }
  let look: Search | undefined
  return {
    matches(bytes) {
      look ??= buildLook(Buffer.from(secret, 'utf8'), options.window)
      return look(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
  }
}

type Search = (bytes: Buffer) => boolean

function buildLook(secret: Buffer, asked: number | 'whole'): Search {
  const window = asked === 'whole' ? secret.length : Math.min(asked, secret.length)
  const search = window < SAMPLED_FROM ? plainSearch(secret) : sampledSearch(secret, window)
  const relevant = relevantEscapes(secret)
  const inPercent: Search = (bytes) => hasPercent(bytes) && search(undoPercent(bytes))
  return (bytes) => {
    if (search(bytes) || inPercent(bytes)) return true
    let text = bytes
    for (let round = 0; round < JSON_ROUNDS && hasRelevantEscape(text, relevant); round++) {
      text = undoJsonEscapes(text)
      if (search(text) || inPercent(text)) return true
    }
    return false
  }
}

function plainSearch(secret: Buffer): Search {
  const forms = exactForms(secret)
  return (bytes) => forms.some((form) => bytes.includes(form))
}

/**
 * A bitmap holds the hash of every 8-byte gram of every form; the text is sampled at a stride that puts at least one
 * sample within any window. A sample in the bitmap is a candidate: a leak has as many consecutive grams there as the
 * stride is long, so near misses cost no more than a hash a byte; only what passes is compared with the forms.
 */
function sampledSearch(secret: Buffer, window: number): Search {
  const stride = window - GRAM + 1
  const shift = 32 - slotBits(secret.length)
  const bitmap = new Uint8Array(2 ** (32 - shift - 3))
  for (const { bytes } of foldedForms(secret, window)) {
    for (let at = 0; at + GRAM <= bytes.length; at++) {
      const slot = slotOf(bytes, at) >>> shift
      bitmap[slot >>> 3] = (bitmap[slot >>> 3] as number) | (1 << (slot & 7))
    }
  }
  const inBitmap = (bytes: Uint8Array, at: number) => {
    const slot = slotOf(bytes, at) >>> shift
    return ((bitmap[slot >>> 3] as number) & (1 << (slot & 7))) !== 0
  }
  const inRun = (bytes: Uint8Array, at: number) => {
    let run = 1
    for (let before = at - 1; before >= 0 && run < stride && inBitmap(bytes, before); before--) run++
    for (let after = at + 1; after + GRAM <= bytes.length && run < stride && inBitmap(bytes, after); after++) run++
    return run === stride
  }
  return (bytes) => {
    let forms: Form[] | undefined
    const last = bytes.length - GRAM
    for (let at = 0; at <= last; at += stride) {
      if (inBitmap(bytes, at) && inRun(bytes, at)) {
        forms ??= foldedForms(secret, window)
        if (forms.some((form) => standsIn(form, bytes, at))) return true
      }
    }
    return false
  }
}

/**
 * A bitmap about a tenth full for secrets up to 1 KiB, and never over 8 KiB: all forms together have 7 grams a byte.
 */
function slotBits(secretLength: number): number {
  return Math.min(MAX_SLOT_BITS, Math.ceil(Math.log2(secretLength * 7 * 8)))
}

function slotOf(bytes: Uint8Array, at: number): number {
  const low =
    (fold[bytes[at] as number] as number) |
    ((fold[bytes[at + 1] as number] as number) << 8) |
    ((fold[bytes[at + 2] as number] as number) << 16) |
    ((fold[bytes[at + 3] as number] as number) << 24)
  const high =
    (fold[bytes[at + 4] as number] as number) |
    ((fold[bytes[at + 5] as number] as number) << 8) |
    ((fold[bytes[at + 6] as number] as number) << 16) |
    ((fold[bytes[at + 7] as number] as number) << 24)
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
}

/** True where at least `form.need` bytes of the form, the gram at `at` among them, stand in the text. */
function standsIn(form: Form, bytes: Uint8Array, at: number): boolean {
  const gram = Buffer.from(bytes.subarray(at, at + GRAM).map((byte) => fold[byte] as number))
  for (let found = form.bytes.indexOf(gram); found >= 0; found = form.bytes.indexOf(gram, found + 1)) {
    let before = 0
    while (before < found && before < at && form.bytes[found - before - 1] === fold[bytes[at - before - 1] as number]) {
      before++
    }
    let length = before + GRAM
    let after = GRAM
    while (
      found + after < form.bytes.length &&
      at + after < bytes.length &&
      form.bytes[found + after] === fold[bytes[at + after] as number]
    ) {
      after++
      length++
    }
    if (length >= form.need) return true
  }
  return false
}
