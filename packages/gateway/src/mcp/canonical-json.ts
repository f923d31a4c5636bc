import type { JsonValue } from './call.ts'

/** Deeper values are refused: recursion must not be at the mercy of who wrote the value. */
const maxDepth = 512

/**
 * The one text of a JSON value (RFC 8785): members sorted by UTF-16 code units, no spaces, numbers as ECMAScript prints
 * them. Two values that are equal as JSON have the same text, so its hash names the value.
 *
 * Does not notice integers that `JSON.parse` has rounded already, nor duplicate keys that it dropped.
 * @throws {TypeError} for what I-JSON cannot hold: lone surrogates, NaN and infinities, `undefined`; or deeper than 512.
 */
export function canonicalJson(value: JsonValue): string {
  // Members that stand in their order already, as most clients write them, need no rebuilding.
  return isSorted(value, 0) ? JSON.stringify(value) : write(value, 0)
}

/** Whether `JSON.stringify` writes the canonical text. False for all that `write` refuses. */
function isSorted(value: JsonValue, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'boolean' || value === null) return true
  if (typeof value !== 'object' || depth >= maxDepth) return false
  if (Array.isArray(value)) return value.every((item) => isSorted(item, depth + 1))
  let last = ''
  for (const key in value) {
    if (key < last || !key.isWellFormed() || !isSorted(value[key] as JsonValue, depth + 1)) return false
    last = key
  }
  return true
}

function write(value: JsonValue, depth: number): string {
  if (depth > maxDepth) throw new TypeError(`a value nested deeper than ${maxDepth} has no canonical text`)
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no canonical text')
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      break
    default:
      throw new TypeError(`a ${typeof value} has no canonical text`)
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value) items += `${items === '' ? '' : ','}${write(item, depth + 1)}`
    return `[${items}]`
  }
  let members = ''
  // the default order of `sort` is by UTF-16 code units, as RFC 8785 section 3.2.3 asks
  for (const key of Object.keys(value).sort()) {
    members += `${members === '' ? '' : ','}${writeString(key)}:${write(value[key] as JsonValue, depth + 1)}`
  }
  return `{${members}}`
}

/** Printable ASCII that stands for itself within a JSON string. */
const plain = /^[ !#-[\]-~]*$/

function writeString(text: string): string {
  if (plain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('a string with a lone surrogate has no canonical text')
  return JSON.stringify(text)
}
