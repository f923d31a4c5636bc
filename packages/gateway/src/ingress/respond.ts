/** Answers as they stand on the wire (design, "What a refusal looks like"). Pure. */
import type { EgressResult } from '../egress/port.ts'
import type { CallKind, Era, JsonRpcId } from '../mcp/call.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { allowedMethods } from './head.ts'

/** What of the request its answer depends on; as much as was known when it was answered. */
export interface Asked {
  readonly requestId: string
  readonly kind: CallKind | undefined
  readonly id: JsonRpcId | undefined
  /** `earlier` until it is known. */
  readonly era: Era
  /** The JSON-RPC method. */
  readonly method: string | undefined
}

/** One whole HTTP answer. */
export interface Answer {
  readonly status: number
  /** Names and values in turn, beside those of every answer. */
  readonly headers: readonly string[]
  /** JSON; undefined where there is no body. */
  readonly json: string | undefined
}

const none: readonly string[] = []

/** The answer where no stream has begun. */
export function answerOf(result: EgressResult | Refusal, asked: Asked): Answer {
  if ('refused' in result) return refusalOf(result, asked)
  switch (result.kind) {
    case 'response':
      if (asked.kind !== 'request') return refusalOf(unfit(result), asked)
      return { status: result.isError ? statusOfError(result, asked.era) : 200, headers: none, json: result.json }
    case 'accepted':
      if (asked.kind === 'end') return { status: 204, headers: none, json: undefined }
      return asked.kind === 'request' || asked.kind === 'stream'
        ? refusalOf(unfit(result), asked)
        : { status: 202, headers: none, json: undefined }
    case 'ended':
      // The upstream offers no stream of its own accord (MCP 2025-11-25, Listening for Messages from the Server).
      if (asked.kind === 'stream')
        return refusalOf(refuse('method_not_allowed', 'the upstream has no such stream'), asked)
      return refusalOf(unfit(result), asked)
    case 'refused':
      return refusalOf(result.refusal, asked)
  }
}

/** The last message of a stream that has begun; undefined where it ends without one. */
export function lastMessageOf(result: EgressResult | Refusal, asked: Asked): string | undefined {
  if (!('refused' in result) && result.kind === 'response') return result.json
  if (asked.kind !== 'request') return undefined
  const refusal = 'refused' in result ? result : result.kind === 'refused' ? result.refusal : undefined
  return refusal === undefined ? undefined : messageOf(refusal, asked)
}

function refusalOf(refusal: Refusal, asked: Asked): Answer {
  const headers: string[] = []
  if (refusal.status === 405)
    headers.push('allow', asked.kind === 'stream' ? 'POST, DELETE' : allowedMethods[asked.era])
  if (refusal.challenge !== undefined) headers.push('www-authenticate', refusal.challenge)
  if (refusal.retryAfterSeconds !== undefined) headers.push('retry-after', String(refusal.retryAfterSeconds))
  return { status: statusOf(refusal, asked), headers, json: messageOf(refusal, asked) }
}

/**
 * Most are the refusal's own. A message that expects no response is never refused with 200; and in the earlier era a 404
 * would tell the client that its session ended, and a 400 to a request is no JSON-RPC answer to its clients.
 */
function statusOf(refusal: Refusal, asked: Asked): number {
  const { status, code } = refusal
  if (asked.kind === 'request') {
    const isAnswer = code === -32601 || code === -32602
    return asked.era === 'earlier' && isAnswer ? 200 : status
  }
  if (status === 200) return 403
  return asked.era === 'earlier' && code === -32601 ? 400 : status
}

/** Codes 2001 to 2004 on a tool call are a result that the model can read. */
function messageOf(refusal: Refusal, asked: Asked): string {
  const { code, message } = refusal
  const { requestId, id } = asked
  const { retryAfterSeconds, data: more } = refusal
  const data = { ...more, code, requestId, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
  if (asked.method === 'tools/call' && asked.kind === 'request' && code >= 2001 && code <= 2004) {
    const result = {
      ...(asked.era === 'modern' ? { resultType: 'complete' } : {}),
      content: [{ type: 'text', text: `${message} (${code}, request ${requestId})` }],
      isError: true,
      _meta: { 'dev.sallyport/refusal': data },
    }
    return JSON.stringify({ jsonrpc: '2.0', id, result })
  }
  const error = { code, message, data }
  if (id !== undefined) return JSON.stringify({ jsonrpc: '2.0', id, error })
  // JSON-RPC 2.0 section 5 wants null; 2026-07-28 has no null ids and leaves the member out.
  return JSON.stringify(asked.era === 'modern' ? { jsonrpc: '2.0', error } : { jsonrpc: '2.0', id: null, error })
}

/** The statuses that 2026-07-28 ties to codes (Streamable HTTP); another upstream's status says nothing to our client. */
function statusOfError(result: { readonly json: string; readonly status: number }, era: Era): number {
  if (era === 'earlier') return 200
  const code = codeOf(result.json)
  if (code === -32601) return 404
  if (code === -32020 || code === -32021 || code === -32022) return 400
  return result.status === 400 ? 400 : 200
}

function codeOf(json: string): unknown {
  try {
    return JSON.parse(json)?.error?.code
  } catch {
    return undefined
  }
}

function unfit(result: EgressResult): Refusal {
  return refuse('upstream_invalid', `\`${result.kind}\` does not answer what was asked`)
}
