/** The members of a JSON object, found in its text without building anything: so that one can be replaced losslessly. */

/** One member: where its value stands in the text. */
export interface MemberRange {
  readonly start: number
  readonly end: number
}

/**
 * The members of the object that opens at `start`, by decoded key, and the index after its closing brace. Undefined
 * where the text is no such object, or where it has a key twice.
 *
 * Does not check the values beyond their nesting: text that is not JSON may pass, and its reader then refuses it whole.
 */
export function membersOf(
  text: string,
  start: number,
): { readonly members: Map<string, MemberRange>; readonly end: number } | undefined {
  const members = new Map<string, MemberRange>()
  if (text.charCodeAt(start) !== 0x7b) return undefined
  let index = skipSpace(text, start + 1)
  if (text.charCodeAt(index) === 0x7d) return { members, end: index + 1 }
  for (;;) {
    if (text.charCodeAt(index) !== 0x22) return undefined
    const endOfKey = endOfString(text, index)
    const key = readString(text.slice(index, endOfKey))
    if (key === undefined || members.has(key)) return undefined
    index = skipSpace(text, endOfKey)
    if (text.charCodeAt(index) !== 0x3a) return undefined
    const from = skipSpace(text, index + 1)
    const to = endOfValue(text, from)
    if (to === from) return undefined
    members.set(key, { start: from, end: to })
    index = skipSpace(text, to)
    const next = text.charCodeAt(index)
    if (next === 0x7d) return { members, end: index + 1 }
    if (next !== 0x2c) return undefined
    index = skipSpace(text, index + 1)
  }
}

/** A JSON string's value; undefined where it is none. */
export function readString(token: string): string | undefined {
  if (!token.includes('\\')) return token.endsWith('"') && token.length > 1 ? token.slice(1, -1) : undefined
  try {
    return JSON.parse(token)
  } catch {
    return undefined
  }
}

export function skipSpace(text: string, start: number): number {
  let index = start
  for (let code = text.charCodeAt(index); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) {
    code = text.charCodeAt(++index)
  }
  return index
}

/** Index after the value that starts at `start`; `start` itself where none does. */
function endOfValue(text: string, start: number): number {
  let index = start
  let depth = 0
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) {
      index = endOfString(text, index) - 1
    } else if (code === 0x7b || code === 0x5b) {
      depth++
    } else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return index
      depth--
    } else if (depth > 0 || !(code === 0x2c || code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)) {
      continue
    } else return index
    if (depth === 0) return index + 1
  }
  return depth === 0 ? index : start
}

/** Index after the closing quote of the string that opens at `start`; past the end of the text where none closes it. */
export function endOfString(text: string, start: number): number {
  // Keys and short values are walked; beyond that the native search is faster than a loop.
  const near = start + 24
  let index = start + 1
  for (let code = text.charCodeAt(index); code !== 0x22; code = text.charCodeAt(++index)) {
    if (code === 0x5c) index++
    if (index >= near) return endOfLongString(text, index + 1)
  }
  return index + 1
}

/** @param from where a character of the string stands that no backslash before it escapes. */
function endOfLongString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslash = quote
    while (backslash > from && text.charCodeAt(backslash - 1) === 0x5c) backslash--
    if ((quote - backslash) % 2 === 0) return quote + 1
  }
  return text.length + 1
}
