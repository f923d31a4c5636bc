import { type Refusal, refuse } from '../refusal.ts'
import type { JsonObject, JsonRpcId, JsonValue } from './call.ts'
import { showName } from './names.ts'

/** One JSON-RPC 2.0 message, its envelope checked and taken apart. `params` are as they came. */
export type Message =
  | {
      readonly kind: 'request'
      readonly id: JsonRpcId
      readonly method: string
      readonly params: JsonObject | undefined
    }
  | {
      readonly kind: 'notification'
      readonly id: undefined
      readonly method: string
      readonly params: JsonObject | undefined
    }
  | { readonly kind: 'response'; readonly id: JsonRpcId; readonly method: undefined; readonly outcome: JsonObject }

const longestId = 256
const longestMethod = 128
const members = ['jsonrpc', 'id', 'method', 'params', 'result', 'error']

/**
 * Checks a parsed body as one JSON-RPC message (MCP 2026-07-28, Overview, Messages). A batch is refused, as is any
 * member of the envelope that is not known: a variant in case would be read as the known one by some parsers.
 * `outcome` of a response is `{result}` or `{error}`, rebuilt.
 *
 * Does not check that the method exists, nor its params.
 */
export function readMessage(value: JsonValue): Message | Refusal {
  if (Array.isArray(value)) return invalid('a batch; send each message in a request of its own')
  if (!isObject(value)) return invalid('not an object')
  for (const key in value) if (!members.includes(key)) return invalid(unknownMember(key))
  const { id, method, params } = value
  if (value['jsonrpc'] !== '2.0') return invalid('`jsonrpc` is not "2.0"')
  if (id !== undefined && !isId(id))
    return invalid(`\`id\` is neither a string of at most ${longestId} characters nor an integer`)
  if (method === undefined) return readResponse(value, id)
  if (typeof method !== 'string' || method.length > longestMethod || !/^[!-~]+$/.test(method))
    return invalid('`method` is not a method name')
  if ('result' in value || 'error' in value) return invalid('`method` beside `result` or `error`')
  if (params !== undefined && !isObject(params)) return invalid('`params` is not an object')
  return id === undefined ? { kind: 'notification', id, method, params } : { kind: 'request', id, method, params }
}

/** The id of a message that was refused, where it can be told. */
export function idOf(value: JsonValue): JsonRpcId | undefined {
  const id = isObject(value) ? value['id'] : undefined
  return id !== undefined && isId(id) ? id : undefined
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isId(value: JsonValue): value is JsonRpcId {
  return typeof value === 'string' ? value.length <= longestId : Number.isSafeInteger(value)
}

function readResponse(value: JsonObject, id: JsonRpcId | undefined): Message | Refusal {
  const { result, error } = value
  if (id === undefined) return invalid('neither `method` nor the `id` of a response')
  if ('params' in value) return invalid('`params` without `method`')
  if (result !== undefined && error === undefined) {
    if (!isObject(result)) return invalid('`result` is not an object')
    return { kind: 'response', id, method: undefined, outcome: { result } }
  }
  if (error === undefined || result !== undefined) return invalid('not exactly one of `method`, `result` and `error`')
  if (!isObject(error)) return invalid('`error` is not an object')
  const { code, message, data } = error
  if (!Number.isSafeInteger(code) || typeof message !== 'string')
    return invalid('`error` lacks an integer `code` or a `message`')
  const rebuilt = { code, message, ...(data === undefined ? {} : { data }) } as JsonObject
  return { kind: 'response', id, method: undefined, outcome: { error: rebuilt } }
}

function unknownMember(key: string): string {
  const meant = members.find((member) => member === key.toLowerCase())
  return meant === undefined
    ? `the unknown member ${showName(key)}`
    : `the member ${showName(key)}, which is not \`${meant}\``
}

function invalid(what: string): Refusal {
  return refuse('message_invalid', what, { message: `the body is not one JSON-RPC message: ${what}` })
}
