/**
 * The envelope of an upstream's message, read and changed in its very text: what the upstream said in it reaches the
 * client byte for byte, and only ids are replaced.
 */
import type { JsonRpcId } from './call.ts'
import { type MemberRange, membersOf, readString, skipSpace } from './json-members.ts'
import { isId } from './message.ts'
import { metaKeys } from './meta.ts'

export interface Envelope {
  readonly kind: 'request' | 'notification' | 'response'
  /** The upstream's; undefined for a notification, and for an error response to a request that it could not read. */
  readonly id: JsonRpcId | undefined
  readonly method: string | undefined
  readonly isError: boolean
  /** The message with this id in place of its own, or added where an error response has none. */
  replaceId(id: JsonRpcId): string
  /** The message's `params` or `result`, where it stands in the text. */
  readonly body: MemberRange | undefined
}

const known = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/**
 * Takes one JSON-RPC message apart; undefined where it is none: a batch, a member twice or unknown (a variant in case
 * would be the known one to some parsers), an id that is neither a string nor an integer, more than one message.
 *
 * Does not check that `params`, `result` and `error` are well-formed. Where they are not, no parser can read the
 * message, so none can read another id from it.
 */
export function splitEnvelope(text: string): Envelope | undefined {
  const start = skipSpace(text, 0)
  const object = membersOf(text, start)
  if (object === undefined || skipSpace(text, object.end) !== text.length) return undefined
  const { members } = object
  for (const key of members.keys()) if (!known.has(key)) return undefined
  const range = members.get('id')
  const id = range === undefined ? undefined : readId(text.slice(range.start, range.end))
  if (id === false) return undefined
  const method = stringAt(text, members.get('method'))
  const isError = members.has('error')
  if (stringAt(text, members.get('jsonrpc')) !== '2.0' || (members.has('method') && method === undefined))
    return undefined
  const kind = kindOf(members, id)
  if (kind === undefined) return undefined
  return {
    kind,
    id: id ?? undefined,
    method,
    isError,
    body: members.get(method === undefined ? 'result' : 'params'),
    replaceId: (newId) =>
      range === undefined
        ? `${text.slice(0, start + 1)}"id":${JSON.stringify(newId)},${text.slice(start + 1)}`
        : splice(text, range, newId),
  }
}

/**
 * The message with another `_meta["io.modelcontextprotocol/subscriptionId"]`: on a stream of `subscriptions/listen` it is
 * the id of that request (MCP 2026-07-28, Subscriptions), which towards the upstream is ours. The message as it was where
 * it carries none; undefined where it cannot be told, such as with a key twice on the way to it.
 * @param text one message that `splitEnvelope` took.
 */
export function replaceSubscriptionId(text: string, id: JsonRpcId): string | undefined {
  const body = splitEnvelope(text)?.body
  if (body === undefined || text.charCodeAt(body.start) !== 0x7b) return text
  const inBody = membersOf(text, body.start)?.members
  const meta = inBody?.get('_meta')
  if (meta === undefined) return inBody === undefined ? undefined : text
  if (text.charCodeAt(meta.start) !== 0x7b) return undefined
  const inMeta = membersOf(text, meta.start)?.members
  if (inMeta === undefined) return undefined
  const range = inMeta.get(metaKeys.subscriptionId)
  return range === undefined ? text : splice(text, range, id)
}

function splice(text: string, range: MemberRange, id: JsonRpcId): string {
  return `${text.slice(0, range.start)}${JSON.stringify(id)}${text.slice(range.end)}`
}

/** Null for JSON's null, false for what is no id. */
function readId(token: string): JsonRpcId | null | false {
  if (token === 'null') return null
  if (token.startsWith('"')) {
    const value = readString(token)
    return value !== undefined && isId(value) ? value : false
  }
  return /^-?(?:0|[1-9]\d{0,15})$/.test(token) && isId(Number(token)) ? Number(token) : false
}

function kindOf(
  members: ReadonlyMap<string, MemberRange>,
  id: JsonRpcId | null | undefined,
): Envelope['kind'] | undefined {
  const [isResult, isError] = [members.has('result'), members.has('error')]
  if (members.has('method')) {
    if (isResult || isError || id === null) return undefined
    return id === undefined ? 'notification' : 'request'
  }
  if (isResult === isError || members.has('params')) return undefined
  return isError || (id !== undefined && id !== null) ? 'response' : undefined
}

function stringAt(text: string, range: MemberRange | undefined): string | undefined {
  return range === undefined || text.charCodeAt(range.start) !== 0x22
    ? undefined
    : readString(text.slice(range.start, range.end))
}
