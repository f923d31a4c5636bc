/**
 * One message from a client, parsed and checked, as the stages between the doors see it. Pure data: nothing of the HTTP
 * request, above all none of its headers, is reachable from here.
 */
import type { JsonRpcId } from './message-id.ts'
import type { Session } from './session.ts'

export type { JsonRpcId }
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }
export type JsonObject = { [key: string]: JsonValue }

/**
 * `modern` is 2026-07-28 and later, where each request carries its version; `earlier` is 2025-11-25 and before, where
 * `initialize` opens a session (MCP 2026-07-28, Versioning and Compatibility).
 */
export type Era = 'modern' | 'earlier'

/** `stream` is the GET stream and `end` the DELETE of the earlier era's sessions. */
export type CallKind = 'request' | 'notification' | 'response' | 'stream' | 'end'

/** What policy decides upon. `tool` is the upstream's own name of it. */
export type Target =
  | { readonly action: 'call'; readonly tool: string }
  | { readonly action: 'read' | 'subscribe'; readonly uri: string }
  | { readonly action: 'prompt'; readonly prompt: string }
  | { readonly action: 'complete'; readonly ref: string }
  | { readonly action: 'list' }

export interface Call {
  /** Ours, fresh for each message; also what a refusal names. */
  readonly requestId: string
  readonly upstream: string
  readonly era: Era
  readonly protocolVersion: string
  readonly kind: CallKind
  /** The JSON-RPC method; `response`, `GET` or `DELETE` where there is none. */
  readonly method: string
  /** The client's id of a request; never sent upstream. */
  readonly id: JsonRpcId | undefined
  readonly target: Target
  /** The known keys of the method's `params`, rebuilt, without `_meta`. For a `response`: `{result}` or `{error}`. */
  readonly params: JsonObject
  /** The `_meta` keys on the allow-list. */
  readonly meta: JsonObject
  /** Arguments of a tool or prompt; the same object as `params.arguments`. */
  readonly arguments: JsonObject | undefined
  /** Length in bytes of the message as it came. */
  readonly bytes: number
  /** Of the earlier era, once initialized. */
  readonly session: Session | undefined
  /** Resumes a stream of the earlier era: the upstream's event id. */
  readonly lastEventId: string | undefined
  /** Of a `response`: our id of the upstream's request that it answers is looked up by this one. */
  readonly answers: JsonRpcId | undefined
  /** Address of the peer, without port. */
  readonly peer: string
  /** A call that Sallyport makes on behalf of another one, such as the list before a first call. */
  readonly causedBy: string | undefined
}
