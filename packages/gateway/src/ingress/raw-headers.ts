/** The header fields of a request as they came: Node keeps the first of two and joins others, without a word. */
import { type Refusal, refuse } from '../refusal.ts'
import { maxHeaderFields } from './settings.ts'

/** Each at most once, values as they came; undefined where absent. Cookies and all other fields are never read. */
export interface RawHeaders {
  host?: string
  /** `Authorization`. */
  presented?: string
  origin?: string
  accept?: string
  contentType?: string
  contentLength?: string
  contentEncoding?: string
  transferEncoding?: string
  protocolVersion?: string
  method?: string
  name?: string
  session?: string
  lastEventId?: string
  /** `Mcp-Param-*` by lower-case name. */
  parameters?: Map<string, string>
}

type Field = Exclude<keyof RawHeaders, 'parameters'>

const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['host', 'host'],
  ['authorization', 'presented'],
  ['origin', 'origin'],
  ['accept', 'accept'],
  ['content-type', 'contentType'],
  ['content-length', 'contentLength'],
  ['content-encoding', 'contentEncoding'],
  ['transfer-encoding', 'transferEncoding'],
  ['mcp-protocol-version', 'protocolVersion'],
  ['mcp-method', 'method'],
  ['mcp-name', 'name'],
  ['mcp-session-id', 'session'],
  ['last-event-id', 'lastEventId'],
])

/** These carry a token where we look for none: whoever sends one is misconfigured, or is trying something. */
const carriesToken: ReadonlySet<string> = new Set(['proxy-authorization', 'x-forwarded-access-token'])

const parameterPrefix = 'mcp-param-'

/**
 * Reads the fields that matter here in one pass over `rawHeaders`. Refuses any of them sent twice (only `Accept` is a
 * list, and is joined), a name that means one of them to a server that takes `_` for `-` (CVE-2025-64484), and fields
 * that carry a token elsewhere. Names never reach the log, as they are the client's.
 *
 * Does not check any value.
 * @param raw names and values in turn, as Node's parser gives them.
 */
export function readRawHeaders(raw: readonly string[]): RawHeaders | Refusal {
  if (raw.length > maxHeaderFields * 2) return invalid(`more than ${maxHeaderFields} header fields`)
  const headers: RawHeaders = {}
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    const field = fields.get(name)
    if (field !== undefined) {
      const before = headers[field]
      if (before === undefined) headers[field] = value
      else if (field === 'accept') headers.accept = `${before}, ${value}`
      else return invalid(`${name} is repeated`)
    } else if (name.startsWith(parameterPrefix)) {
      headers.parameters ??= new Map()
      if (headers.parameters.has(name)) return invalid('an Mcp-Param field is repeated')
      headers.parameters.set(name, value)
    } else if (carriesToken.has(name)) {
      return invalid(`${name} is not accepted; send the access token in \`Authorization\` alone`)
    } else if (name.includes('_') && isKnown(name.replaceAll('_', '-'))) {
      return invalid('a known header field is written with an underscore')
    }
  }
  return headers
}

function isKnown(name: string): boolean {
  return fields.has(name) || carriesToken.has(name) || name.startsWith(parameterPrefix)
}

function invalid(what: string): Refusal {
  return refuse('header_invalid', what, { message: `a request header is malformed or repeated: ${what}` })
}
