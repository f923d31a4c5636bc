import type { JsonValue } from '../mcp/call.ts'

/** Longest string of an entry, in UTF-16 code units. */
export const stringLimit = 2048

/** Printable ASCII that stands for itself within a JSON string. */
const plain = /^[ !#-[\]-~]*$/

/**
 * Characters that JSON leaves as they are but a terminal or an editor obeys: DEL, C1 controls, line separators, and the
 * marks that reorder text.
 */
const unruly = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/**
 * A string of an entry, as JSON in the form of RFC 8785 section 3.2.2.2: cut at 2,048 code units; lone surrogates and
 * characters that a display would obey become U+FFFD, so that whatever a caller sent stays one inert line.
 */
export function inertString(text: string): string {
  if (text.length <= stringLimit && plain.test(text)) return `"${text}"`
  return JSON.stringify(text.slice(0, stringLimit).toWellFormed().replace(unruly, '\ufffd'))
}

/**
 * JSON in the form of RFC 8785: keys in the order of their UTF-16 code units, no white space. A lone surrogate, which
 * RFC 8785 refuses, is written as its escape. Does not bound depth: the caller's parser has.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value) items += items === '' ? canonicalJson(item) : `,${canonicalJson(item)}`
    return `[${items}]`
  }
  let members = ''
  for (const key of Object.keys(value).sort()) {
    const member = `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`
    members += members === '' ? member : `,${member}`
  }
  return `{${members}}`
}
