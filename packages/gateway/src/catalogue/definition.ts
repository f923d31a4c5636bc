import { createHash } from 'node:crypto'
import type { JsonObject, JsonValue } from '../mcp/call.ts'
import { canonicalJson } from '../mcp/canonical-json.ts'
import { nameProblem, shownName } from './names.ts'

const maxBytes = 256 * 1024

/** One tool as its upstream gave it, with its pin. */
export interface Definition {
  readonly name: string
  /** SHA-256 over `canonical`, lower-case hex. */
  readonly hash: string
  /** RFC 8785 text of the whole definition. */
  readonly canonical: string
  readonly bytes: number
  readonly definition: JsonObject
}

export interface RefusedDefinition {
  readonly name: string
  readonly why: string
}

/**
 * Reads one item of `tools/list`. Looks at the name and the size alone: whether the input schema is acceptable is
 * `inspectInputSchema`'s to say, and a definition with a bad one is still stored, as pending.
 */
export function readDefinition(value: JsonValue): Definition | RefusedDefinition {
  if (!isObject(value)) return { name: '(no name)', why: 'the definition is not an object' }
  const name = value['name']
  if (typeof name !== 'string') return { name: '(no name)', why: 'the definition has no name' }
  const why = nameProblem(name)
  if (why !== undefined) return { name: shownName(name), why }
  let canonical: string
  try {
    canonical = canonicalJson(value)
  } catch (error) {
    return { name, why: `the definition has no canonical text: ${error instanceof Error ? error.message : 'unknown'}` }
  }
  const bytes = Buffer.byteLength(canonical)
  if (bytes > maxBytes) return { name, why: `the definition is longer than ${maxBytes} bytes` }
  return { name, hash: sha256(canonical), canonical, bytes, definition: value }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/**
 * The behaviour hints (MCP 2026-07-28, schema, ToolAnnotations): destructive unless it says otherwise, and never where
 * it only reads. Hints are the upstream's word; the pin is what makes them last.
 */
export function behaviour(definition: JsonObject): { readonly readOnly: boolean; readonly destructive: boolean } {
  const annotations = definition['annotations']
  const hints = isObject(annotations) ? annotations : {}
  const readOnly = hints['readOnlyHint'] === true
  return { readOnly, destructive: !readOnly && hints['destructiveHint'] !== false }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
