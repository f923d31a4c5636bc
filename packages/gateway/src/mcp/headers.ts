/**
 * Which era a request belongs to, and the headers of 2026-07-28 against the body that policy reads: whoever routed on a
 * header routed on the same call (MCP 2026-07-28, Streamable HTTP, Request Metadata).
 */
import { type Refusal, refuse } from '../refusal.ts'
import type { Era, JsonObject, JsonValue } from './call.ts'
import { decodeHeaderValue } from './header-value.ts'
import { isObject, type Message } from './message.ts'
import { metaKeys } from './meta.ts'
import type { Content } from './params.ts'
import { earlierVersions, modernVersions } from './versions.ts'

/** The headers that mirror the body, as they came; undefined where absent. */
export interface MirrorHeaders {
  readonly protocolVersion: string | undefined
  readonly method: string | undefined
  readonly name: string | undefined
  /** `Mcp-Param-*`, by lower-case name; undefined where there is none. */
  readonly parameters: ReadonlyMap<string, string> | undefined
}

export interface Revision {
  readonly era: Era
  /** Undefined in the earlier era where no header says it: the session knows, or `initialize` is about to. */
  readonly version: string | undefined
}

/**
 * Tells the era: a message that carries its version is modern, and then the header has to say the same; so is one whose
 * header names a modern version. Everything else is of the earlier era.
 * @param negotiated the version of the session that the request names: another reason to accept that very header.
 */
export function readRevision(
  header: string | undefined,
  message: Message,
  negotiated: string | undefined,
): Revision | Refusal {
  const carried = message.kind === 'response' ? undefined : versionInMeta(message.params)
  if (carried !== undefined) {
    if (header !== carried) return mismatch('MCP-Protocol-Version')
    return modernVersions.includes(carried) ? { era: 'modern', version: carried } : unsupported(carried, modernVersions)
  }
  if (header === undefined) return { era: 'earlier', version: negotiated }
  if (modernVersions.includes(header)) return { era: 'modern', version: header }
  if (header === negotiated || earlierVersions.includes(header))
    return { era: 'earlier', version: negotiated ?? header }
  return unsupported(header, [...modernVersions, ...earlierVersions])
}

/**
 * `Mcp-Method` and `Mcp-Name` of a modern request. A header that mirrors nothing in this body is a mismatch too.
 * Does not check the version (`readRevision`) nor `Mcp-Param-*` (`checkParameterHeaders`).
 */
export function checkStandardHeaders(headers: MirrorHeaders, message: Message, content: Content): Refusal | undefined {
  if (headers.method !== message.method) return mismatch('Mcp-Method')
  const name = headers.name === undefined ? undefined : decodeHeaderValue(headers.name)
  if (headers.name !== undefined && name === undefined) return mismatch('Mcp-Name', 'malformed')
  return name === content.name ? undefined : mismatch('Mcp-Name')
}

/**
 * `Mcp-Param-*` of a modern `tools/call` against the arguments. Headers that the tool does not define are ignored, and
 * go nowhere.
 * @param expected the tool's `x-mcp-header` parameters: lower-case header name to the path of keys.
 */
export function checkParameterHeaders(
  headers: MirrorHeaders,
  expected: ReadonlyMap<string, readonly string[]>,
  toolArguments: JsonObject | undefined,
): Refusal | undefined {
  for (const [header, path] of expected) {
    const given = headers.parameters?.get(header)
    const value = valueAt(toolArguments, path)
    if (given === undefined && value === undefined) continue
    if (given === undefined || value === undefined) return mismatch(header)
    const decoded = decodeHeaderValue(given)
    if (decoded === undefined) return mismatch(header, 'malformed')
    if (!equals(decoded, value)) return mismatch(header)
  }
  return undefined
}

/** The value at a path of keys; undefined where there is none, or where it is null, which has no header either. */
export function valueAt(from: JsonObject | undefined, path: readonly string[]): Exclude<JsonValue, null> | undefined {
  let value: JsonValue | undefined = from
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value ?? undefined
}

/** Integers compare as numbers: `42.0` is `42` (Server Validation). An object or array equals no header. */
function equals(header: string, value: Exclude<JsonValue, null>): boolean {
  if (typeof value === 'number') return /^-?\d{1,16}(\.\d{1,16})?$/.test(header) && Number(header) === value
  return typeof value !== 'object' && header === String(value)
}

function versionInMeta(params: JsonObject | undefined): string | undefined {
  const meta = params?.['_meta']
  const version = isObject(meta) ? meta[metaKeys.protocolVersion] : undefined
  return typeof version === 'string' ? version : undefined
}

function mismatch(header: string, how = 'missing, or not what the body says'): Refusal {
  return refuse('header_mismatch', `${header} is ${how}`, { message: `the header ${header} is ${how}` })
}

function unsupported(requested: string, supported: readonly string[]): Refusal {
  return refuse('version_unsupported', `a version that is none of ${supported.join(', ')}`, {
    data: { supported, requested: requested.slice(0, 64) },
  })
}
