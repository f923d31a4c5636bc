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
