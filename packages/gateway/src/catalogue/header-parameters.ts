/** `x-mcp-header` annotations (MCP 2026-07-28, Transports, Custom Headers from Tool Parameters). Pure. */
import type { JsonObject } from '../mcp/call.ts'

const maxHeaders = 32
const maxNameLength = 64

/** RFC 9110 section 5.1, `1*tchar`. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const types: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])

/**
 * Adds the annotation of this subschema, where it has one, to `found`.
 * @param path the chain of `properties` keys that leads here from the root; undefined where there is no such chain.
 * @returns what is wrong with the annotation, which makes the whole definition invalid.
 */
export function headerParameter(
  schema: JsonObject,
  path: readonly string[] | undefined,
  found: Map<string, readonly string[]>,
): string | undefined {
  if (!Object.hasOwn(schema, 'x-mcp-header')) return undefined
  const name = schema['x-mcp-header']
  if (typeof name !== 'string' || !token.test(name)) return 'an `x-mcp-header` is not an HTTP field name'
  if (name.length > maxNameLength) return `an \`x-mcp-header\` is longer than ${maxNameLength} characters`
  if (path === undefined || path.length === 0) {
    return 'an `x-mcp-header` stands where `properties` alone do not lead'
  }
  if (!types.has(schema['type'])) return 'an `x-mcp-header` stands on what is no string, integer or boolean'
  const header = `mcp-param-${name.toLowerCase()}`
  if (found.has(header)) return 'two `x-mcp-header` annotations have the same name'
  if (found.size === maxHeaders) return `the schema has more than ${maxHeaders} \`x-mcp-header\` annotations`
  found.set(header, path)
  return undefined
}
