/** One message of an upstream's stream, on its way to the client: whose it is, and which ids it has there. */
import type { Call, JsonRpcId } from '../mcp/call.ts'
import { type Envelope, replaceSubscriptionId, splitEnvelope } from '../mcp/envelope.ts'
import type { Ids } from './ids.ts'
import { cancelAsked, rememberAsked, takeSent } from './session-ids.ts'

export type Translated =
  /** Goes to the client as this text. */
  | { readonly kind: 'relay'; readonly json: string }
  /** Answers the call. */
  | { readonly kind: 'response'; readonly json: string; readonly isError: boolean }
  /** Says nothing to this client. */
  | { readonly kind: 'drop' }
  /** Is no message, or none that may come here. */
  | { readonly kind: 'fault'; readonly detail: string }

const drop: Translated = { kind: 'drop' }

/**
 * Replaces ids: of the response by the client's, of an upstream's request by ours, of a subscription by the client's.
 * @param sentId our id of the call; undefined on a GET stream.
 */
export function translate(text: string, call: Call, sentId: JsonRpcId | undefined, ids: Ids): Translated {
  const envelope = splitEnvelope(text)
  if (envelope === undefined) return { kind: 'fault', detail: 'a stream with an event that is no JSON-RPC message' }
  switch (envelope.kind) {
    case 'response':
      return translateResponse(envelope, call, sentId)
    case 'request':
      return translateRequest(envelope, call, ids)
    case 'notification':
      return translateNotification(text, envelope, call, sentId)
  }
}

/** The response to this call, with the client's id in place; undefined where it is not well-formed. */
export function answerOf(envelope: Envelope, call: Call): Extract<Translated, { kind: 'response' }> | undefined {
  const answered = envelope.replaceId(call.id ?? 0)
  const json = isListen(call) ? replaceSubscriptionId(answered, call.id ?? 0) : answered
  return json === undefined ? undefined : { kind: 'response', json, isError: envelope.isError }
}

export function isListen(call: Call): boolean {
  return call.method === 'subscriptions/listen'
}

function translateResponse(envelope: Envelope, call: Call, sentId: JsonRpcId | undefined): Translated {
  if (sentId !== undefined && envelope.id === sentId) {
    return answerOf(envelope, call) ?? { kind: 'fault', detail: 'a response whose subscription cannot be told' }
  }
  // A resumed stream brings the response to the call that it was first opened for (MCP 2025-11-25, Resumability).
  if (call.kind === 'stream' && call.session !== undefined && envelope.id !== undefined) {
    const clients = takeSent(call.session, envelope.id)
    if (clients !== undefined) return { kind: 'relay', json: envelope.replaceId(clients) }
  }
  return { kind: 'fault', detail: 'a response to nothing that was asked' }
}

function translateRequest(envelope: Envelope, call: Call, ids: Ids): Translated {
  // 2026-07-28 has none (Streamable HTTP, Receiving Messages); before a session there is nobody to answer it.
  if (call.era === 'modern') return { kind: 'fault', detail: 'a request on a stream of 2026-07-28' }
  if (call.session === undefined || envelope.id === undefined) return drop
  const ours = ids.take()
  rememberAsked(call.session, ours, envelope.id)
  return { kind: 'relay', json: envelope.replaceId(ours) }
}

function translateNotification(
  text: string,
  envelope: Envelope,
  call: Call,
  sentId: JsonRpcId | undefined,
): Translated {
  if (envelope.method === 'notifications/cancelled') return translateCancelled(text, call, sentId)
  if (!isListen(call)) return { kind: 'relay', json: text }
  const json = replaceSubscriptionId(text, call.id ?? 0)
  return json === undefined
    ? { kind: 'fault', detail: 'a notification whose subscription cannot be told' }
    : { kind: 'relay', json }
}

/** Cancels a subscription (2026-07-28), or a request of the upstream's own (before); anything else is not the client's affair. */
function translateCancelled(text: string, call: Call, sentId: JsonRpcId | undefined): Translated {
  const message = parseObject(text)
  const params = message?.['params']
  if (message === undefined || typeof params !== 'object' || params === null) return drop
  const cancelled = (params as Record<string, unknown>)['requestId']
  let clients: JsonRpcId | undefined
  if (isListen(call)) clients = cancelled === sentId ? call.id : undefined
  else if (call.session !== undefined && (typeof cancelled === 'string' || typeof cancelled === 'number')) {
    clients = cancelAsked(call.session, cancelled)
  }
  if (clients === undefined) return drop
  return { kind: 'relay', json: JSON.stringify({ ...message, params: { ...params, requestId: clients } }) }
}

/** Undefined where the text is no JSON object. Keys that stand twice are read as the last one. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
