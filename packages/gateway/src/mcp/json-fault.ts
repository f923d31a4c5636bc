/** Finds out what is wrong with a well-formed JSON text that was refused. Slow on purpose: only refusals come here. */
import { endOfString } from './json-members.ts'
import { showName } from './names.ts'

const confusing = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * What is wrong, for the caller and the log. A key is named only where it is short and plain, as it may be a secret
 * otherwise; a value never is.
 * @param text well-formed JSON of bounded depth, with a duplicate or confusing key or a lone surrogate.
 */
export function describeFault(text: string): string {
  const scopes: Set<string>[] = []
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x7b || code === 0x5b) scopes.push(new Set())
    else if (code === 0x7d || code === 0x5d) scopes.pop()
    else if (code === 0x22) {
      const end = endOfString(text, index)
      const value: string = JSON.parse(text.slice(index, end))
      index = end - 1
      if (!value.isWellFormed()) return 'a lone surrogate'
      if (!isKey(text, end)) continue
      if (confusing.has(value)) return `the key \`${value}\``
      const keys = scopes.at(-1)
      if (keys?.has(value)) return `the duplicate key ${showName(value)}`
      keys?.add(value)
    }
  }
  return 'a key that cannot be told apart'
}

/** In JSON a string before a colon is a key, and no other string is. */
function isKey(text: string, end: number): boolean {
  let index = end
  for (let code = text.charCodeAt(index); code === 0x20 || (code >= 0x09 && code <= 0x0d); )
    code = text.charCodeAt(++index)
  return text.charCodeAt(index) === 0x3a
}
