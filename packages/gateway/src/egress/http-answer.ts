/** What an upstream's HTTP answer means. Pure, but for what is learned of the upstream's era. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Call, JsonRpcId } from '../mcp/call.ts'
import { splitEnvelope } from '../mcp/envelope.ts'
import type { RefusalReason } from '../refusal.ts'
import { type EraMemory, eraMismatch, isModernCode } from './eras.ts'
import { answerOf, parseObject } from './messages.ts'
import type { EgressResult } from './port.ts'
import { refused } from './results.ts'

/**
 * How to read what follows the head: a JSON-RPC response, a stream, the JSON of an error status, or nothing that
 * matters.
 */
export type Reading = 'json' | 'stream' | 'error' | 'drain'

export interface Failure {
  readonly reason: RefusalReason
  readonly detail: string
}

/** From the status and headers alone. */
export function readHead(call: Call, status: number, headers: IncomingHttpHeaders): Reading | Failure {
  if (status >= 300 && status < 400) {
    return { reason: 'upstream_invalid', detail: `a redirect (HTTP ${status}), which is not followed` }
  }
  if (status === 401 || status === 403) {
    return { reason: 'credential_unavailable', detail: `the upstream turned the credential down (HTTP ${status})` }
  }
  const plain = isIdentity(headers['content-encoding'])
  const type = mediaType(headers['content-type'])
  if (status >= 400) return call.kind === 'request' && plain && type === 'application/json' ? 'error' : 'drain'
  if (call.kind === 'notification' || call.kind === 'response' || call.kind === 'end') return 'drain'
  if (!plain) return { reason: 'upstream_invalid', detail: 'an encoded answer, though `identity` was asked for' }
  if (type === 'text/event-stream') return 'stream'
  if (type === 'application/json' && call.kind === 'request') return 'json'
  return { reason: 'upstream_invalid', detail: `an answer (HTTP ${status}) that is neither JSON nor a stream` }
}

/** The result of a call whose answer is one JSON text with a good status. `text` was searched for the credential. */
export function readJson(
  call: Call,
  sentId: JsonRpcId,
  status: number,
  text: string,
  session: string | undefined,
): EgressResult {
  const envelope = splitEnvelope(text)
  if (envelope?.kind !== 'response')
    return refused('upstream_invalid', 'an answer that is no JSON-RPC response', true, status)
  // An error may lack an id, where the upstream could not read ours (JSON-RPC 2.0, section 5); a result may not.
  if (envelope.id !== sentId && !(envelope.isError && envelope.id === undefined)) {
    return refused('upstream_invalid', 'a response with an id that was not asked', true, status)
  }
  const answer = answerOf(envelope, call)
  if (answer === undefined)
    return refused('upstream_invalid', 'a response whose subscription cannot be told', true, status)
  const { json, isError } = answer
  return { kind: 'response', json, isError, status, event: undefined, upstreamSession: session }
}

/**
 * The result of a call that an upstream answered with 4xx or 5xx, but 401 and 403.
 * @param text the body, where it was JSON; it was searched for the credential.
 */
export function readError(
  call: Call,
  sentId: JsonRpcId | undefined,
  status: number,
  text: string | undefined,
  eras: EraMemory,
  retryAfter: string | undefined,
): EgressResult {
  if (call.kind === 'end')
    return status === 404 || status === 405 ? { kind: 'accepted', status } : unusable(status, retryAfter)
  if (call.kind === 'stream' && status === 405)
    return refused('method_not_allowed', 'the upstream offers no stream', true, status)
  const error = text === undefined ? undefined : errorOf(text)
  if (call.session?.upstreamSession !== undefined && (status === 404 || (status === 400 && error?.code === -32000))) {
    return refused('session_unknown', `the upstream has lost its session (HTTP ${status})`, true, status)
  }
  if (sentId === undefined) return unusable(status, retryAfter)
  const evidence = eraEvidence(call, sentId, status, error, eras)
  if (evidence !== undefined) return evidence
  // A modern error may lack an id; its code tells it apart from what an earlier server says.
  const answersUs = error !== undefined && (error.id === sentId || (error.id === undefined && isModernCode(error.code)))
  if (text === undefined || !answersUs) return unusable(status, retryAfter)
  return readJson(call, sentId, status, text, undefined)
}

interface RpcError {
  readonly id: JsonRpcId | undefined
  readonly code: number
  readonly supported: readonly string[] | undefined
}

/** MCP 2026-07-28, Streamable HTTP, Backward Compatibility. */
function eraEvidence(
  call: Call,
  sentId: JsonRpcId,
  status: number,
  error: RpcError | undefined,
  eras: EraMemory,
): EgressResult | undefined {
  if (status !== 400 && status !== 404 && status !== 405) return undefined
  if (call.era === 'modern') {
    if (isModern(error, sentId)) {
      eras.learnModern()
      return undefined
    }
    if (eras.seenModern) return undefined
    eras.learnOnly('earlier')
    return { kind: 'refused', refusal: eraMismatch('earlier', call.protocolVersion), sent: true, status }
  }
  if (call.method !== 'initialize' || error === undefined) return undefined
  const unknownMethod = error.code === -32601 && error.id === sentId
  if (!isModernCode(error.code) && !unknownMethod) return undefined
  eras.learnOnly('modern')
  return { kind: 'refused', refusal: eraMismatch('modern', call.protocolVersion, error.supported), sent: true, status }
}

/** Earlier servers answer what they do not know with -32600 or with codes of their own up to -32000. */
function isModern(error: RpcError | undefined, sentId: JsonRpcId): boolean {
  if (error === undefined) return false
  if (isModernCode(error.code)) return true
  const earlier = error.code === -32600 || (error.code >= -32019 && error.code <= -32000)
  return error.id === sentId && !earlier
}

function errorOf(text: string): RpcError | undefined {
  const envelope = splitEnvelope(text)
  if (envelope?.kind !== 'response' || !envelope.isError) return undefined
  const error = parseObject(text)?.['error'] as { code?: unknown; data?: { supported?: unknown } } | null | undefined
  const code = error?.code
  if (!Number.isSafeInteger(code)) return undefined
  const supported = error?.data?.supported
  const versions = Array.isArray(supported)
    ? supported.filter((version) => typeof version === 'string' && /^[\w.-]{1,32}$/.test(version))
    : []
  return { id: envelope.id, code: code as number, supported: versions.length > 0 ? versions.slice(0, 16) : undefined }
}

function unusable(status: number, retryAfter: string | undefined): EgressResult {
  const busy = status === 429 || status >= 500
  const seconds = busy && retryAfter !== undefined && /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) : undefined
  const extras = seconds === undefined ? {} : { retryAfterSeconds: seconds }
  return refused(
    busy ? 'upstream_unavailable' : 'upstream_invalid',
    `the upstream answered with HTTP ${status}`,
    true,
    status,
    extras,
  )
}

function mediaType(header: string | undefined): string {
  if (header === 'application/json' || header === 'text/event-stream') return header
  return typeof header === 'string' ? (header.split(';', 1)[0] ?? '').trim().toLowerCase() : ''
}

function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || (typeof encoding === 'string' && encoding.trim().toLowerCase() === 'identity')
}
