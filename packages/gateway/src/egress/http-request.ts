/** What is sent to an HTTP upstream, built from empty: nothing of the client's request is at hand here but the checked call. */
import type { Credential } from '../credentials/port.ts'
import type { Call, JsonObject, JsonRpcId, JsonValue } from '../mcp/call.ts'
import { encodeHeaderValue } from '../mcp/header-value.ts'
import { valueAt } from '../mcp/headers.ts'

export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE'
  /** Names and values in turn. */
  readonly headers: string[]
  /** Values that a client could have had a hand in, and the path: ASCII, for the outgoing tripwire. */
  readonly searched: string
  readonly body: string
}

/** `x-mcp-header` parameters of a tool: header name in lower case to the path of keys in the arguments. */
export type HeaderParameters = (upstream: string, tool: string) => ReadonlyMap<string, readonly string[]> | undefined

/** Header values in all, so that no upstream's parser is brought to its knees by a client's arguments. */
const maxValues = 16_384
/** Protocol versions are few; one that keeps changing is not worth keeping. */
const maxBases = 16

/** Builds requests for one upstream. */
export class HttpRequests {
  readonly #path: string
  readonly #headerParameters: (tool: string) => ReadonlyMap<string, readonly string[]> | undefined
  readonly #bases = new Map<string, readonly string[]>()

  /** @param path of the upstream's URL, with its query. */
  constructor(path: string, headerParameters: (tool: string) => ReadonlyMap<string, readonly string[]> | undefined) {
    this.#path = path
    this.#headerParameters = headerParameters
  }

  /**
   * @param body the JSON-RPC message; empty for GET and DELETE.
   * @returns what is wrong, where the values do not fit into headers.
   */
  build(call: Call, body: string, credential: Credential, traceparent: string): HttpRequest | string {
    const method = call.kind === 'stream' ? 'GET' : call.kind === 'end' ? 'DELETE' : 'POST'
    const headers = this.#base(method, call.method === 'initialize' ? '' : call.protocolVersion).slice()
    headers.push('traceparent', traceparent)
    let searched = this.#path
    if (call.era === 'modern') {
      headers.push('mcp-method', call.method)
      const name = nameOf(call)
      if (name !== undefined) searched += pushValue(headers, 'mcp-name', name)
      if (call.target.action === 'call') searched += this.#pushParameters(headers, call.target.tool, call.arguments)
    } else if (call.session?.upstreamSession !== undefined) {
      headers.push('mcp-session-id', call.session.upstreamSession)
      searched += `\n${call.session.upstreamSession}`
    }
    if (call.kind === 'stream' && call.lastEventId !== undefined) {
      if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(call.lastEventId))
        return 'the event id is not one that a header carries'
      headers.push('last-event-id', call.lastEventId)
      searched += `\n${call.lastEventId}`
    }
    if (searched.length > maxValues) return `the values for headers are longer than ${maxValues} bytes`
    for (const [header, value] of credential.headers) headers.push(header, value)
    return { method, headers, searched, body }
  }

  #pushParameters(headers: string[], tool: string, args: JsonObject | undefined): string {
    const parameters = this.#headerParameters(tool)
    if (parameters === undefined || parameters.size === 0 || args === undefined) return ''
    let searched = ''
    for (const [header, path] of parameters) {
      const value = valueAt(args, path)
      if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) {
        searched += pushValue(headers, header, String(value))
      }
    }
    return searched
  }

  #base(method: 'POST' | 'GET' | 'DELETE', version: string): readonly string[] {
    const key = `${method} ${version}`
    const known = this.#bases.get(key)
    if (known !== undefined) return known
    const base = [
      ...(method === 'POST' ? ['content-type', 'application/json'] : []),
      'accept',
      method === 'POST' ? 'application/json, text/event-stream' : method === 'GET' ? 'text/event-stream' : '*/*',
      // INVARIANT: compressed answers could not be searched for our credential (threats 30, 93).
      'accept-encoding',
      'identity',
      'user-agent',
      'sallyport',
      ...(version === '' ? [] : ['mcp-protocol-version', version]),
    ]
    if (this.#bases.size < maxBases) this.#bases.set(key, base)
    return base
  }
}

/** The JSON-RPC message of a call. @param params with what was mapped already. */
export function messageOf(call: Call, id: JsonRpcId | undefined, params: JsonObject, meta: JsonObject): string {
  const withMeta = isEmpty(meta) ? params : { ...params, _meta: meta }
  const given = isEmpty(withMeta) ? undefined : withMeta
  return JSON.stringify({ jsonrpc: '2.0', id, method: call.method, params: given })
}

/** A client's response to what the upstream asked. @param params `{result}` or `{error}`. */
export function responseOf(id: JsonRpcId, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, ...params })
}

/** MCP 2026-07-28, Streamable HTTP, Standard Request Headers. */
function nameOf(call: Call): string | undefined {
  switch (call.method) {
    case 'tools/call':
    case 'prompts/get':
      return stringOf(call.params['name'])
    case 'resources/read':
      return stringOf(call.params['uri'])
    default:
      return undefined
  }
}

function pushValue(headers: string[], name: string, value: string): string {
  const encoded = encodeHeaderValue(value)
  headers.push(name, encoded)
  return `\n${encoded}`
}

function stringOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false
  return true
}
