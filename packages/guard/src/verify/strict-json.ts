/** JSON from other hands (RFC 8259): nothing ambiguous, nothing that reaches a prototype. */
export type JsonObject = Readonly<Record<string, unknown>>

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The object that these bytes are, or what is wrong with them: not UTF-8, not JSON, no object, a member twice, or
 * nested deeper than `maxDepth`. Does not bound the size, nor check numbers: 1e99 and 2^53 + 1 come through as
 * doubles.
 */
export function parseJsonObject(bytes: Uint8Array, maxDepth: number): JsonObject | string {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch {
    return 'not JSON in UTF-8'
  }
  if (!isObject(value)) return 'not a JSON object'
  return structureProblem(text, maxDepth) ?? value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member: `constructor` or `__proto__` are found only where the text had them. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Runs over text that `JSON.parse` accepted, so a string before a colon is a member's name. */
function structureProblem(text: string, maxDepth: number): string | undefined {
  const namesByDepth: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      if (namesByDepth.length === maxDepth) return `nested deeper than ${maxDepth}`
      namesByDepth.push(character === '{' ? new Set() : undefined)
    } else if (character === '}' || character === ']') {
      namesByDepth.pop()
    } else if (character === '"') {
      const start = at
      at = endOfString(text, at)
      if (!isName(text, at + 1)) continue
      const name: string = JSON.parse(text.slice(start, at + 1))
      const names = namesByDepth.at(-1)
      if (names?.has(name)) return 'a member that stands twice'
      names?.add(name)
    }
  }
  return undefined
}

function isName(text: string, afterString: number): boolean {
  let at = afterString
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r' || text[at] === '\n') at++
  return text[at] === ':'
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
