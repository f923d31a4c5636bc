/** From the bytes of a body to a `Call`: every check that needs no I/O. */
import type { Principal } from '@sallyport/guard'
import type { Seal } from '../egress/port.ts'
import type { Call, Era, JsonRpcId, Target } from '../mcp/call.ts'
import { checkParameterHeaders, checkStandardHeaders, readRevision } from '../mcp/headers.ts'
import { parseJson } from '../mcp/json.ts'
import { idOf, type Message, readMessage } from '../mcp/message.ts'
import { methods } from '../mcp/methods.ts'
import { type Content, readContent } from '../mcp/params.ts'
import type { Session } from '../mcp/session.ts'
import { earlierVersions } from '../mcp/versions.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import type { Head } from './head.ts'
import type { RequestStates } from './request-state.ts'

export interface ReadContext {
  readonly requestId: string
  readonly head: Head
  readonly principal: Principal
  readonly seal: Seal
  readonly peer: string
  /** Undefined where no session of this principal at this endpoint has the id that the request names. */
  readonly findSession: () => Session | undefined
  readonly states: Pick<RequestStates, 'open'>
  /** `x-mcp-header` parameters of a tool that the catalogue knows. */
  readonly headerParameters: (upstream: string, tool: string) => ReadonlyMap<string, readonly string[]> | undefined
}

/** What was learned of a message on the way, for the answer and the log, whether it was refused or not. */
export interface Read {
  readonly outcome: Call | Refusal
  readonly era: Era | undefined
  readonly kind: Message['kind'] | undefined
  readonly id: JsonRpcId | undefined
  /** Only one that exists: any other is the client's own text, and may be its token. */
  readonly method: string | undefined
  /** Only one that is safe to write down. */
  readonly tool: string | undefined
}

/** Shorter than any piece of a token that the tripwire looks for: not worth a search. */
const shortestLeak = 24

export function readCall(bytes: Uint8Array, context: ReadContext): Read {
  const unread = { era: undefined, kind: undefined, id: undefined, method: undefined, tool: undefined }
  const parsed = parseJson(bytes)
  if (isRefusal(parsed)) return { ...unread, outcome: parsed }
  const message = readMessage(parsed.value)
  if (isRefusal(message)) return { ...unread, outcome: message, id: idOf(parsed.value) }
  const method = message.kind !== 'response' && isKnown(message.method) ? message.method : undefined
  const read = { ...unread, kind: message.kind, id: message.kind === 'request' ? message.id : undefined, method }

  const { head } = context
  const isOpening = message.method === 'initialize'
  const session = head.session === undefined || isOpening ? undefined : context.findSession()
  const revision = readRevision(head.mirror.protocolVersion, message, session?.protocolVersion)
  if (isRefusal(revision)) return { ...read, outcome: revision }
  const { era } = revision
  if (era === 'earlier' && !isOpening && session === undefined) return { ...read, era, outcome: noSession(head) }
  const marked = readContent(message, era)
  const content = isRefusal(marked) ? marked : withOwnState(marked, message, context)
  if (isRefusal(content)) return { ...read, era, outcome: content }
  const tool = content.target.action === 'call' ? content.target.tool : undefined
  const leaks = leakIn(content.target, context.seal)
  if (leaks !== undefined) return { ...read, era, outcome: leaks }
  const refusal = era === 'modern' ? checkMirror(message, content, context) : checkAnswer(message, session)
  if (refusal !== undefined) return { ...read, era, tool, outcome: refusal }

  const version = isOpening ? offered(content) : revision.version
  const call = callOf(
    context,
    message,
    content,
    era,
    version ?? '',
    era === 'earlier' ? session : undefined,
    bytes.length,
  )
  return { ...read, era, tool, outcome: call }
}

/** The GET stream or the end of a session. */
export function readBodiless(kind: 'stream' | 'end', context: ReadContext): Call | Refusal {
  const { head } = context
  const session = head.session === undefined ? undefined : context.findSession()
  if (session === undefined) return noSession(head)
  const revision = readRevision(head.mirror.protocolVersion, bodiless, session.protocolVersion)
  if (isRefusal(revision)) return revision
  const content: Content = { target: { action: 'list' }, params: {}, meta: {}, arguments: undefined, name: undefined }
  return {
    ...callOf(context, bodiless, content, 'earlier', session.protocolVersion, session, 0),
    kind,
    method: head.method,
    lastEventId: head.lastEventId,
  }
}

/** Stands in for the message that a GET or DELETE does not have. */
const bodiless: Message = { kind: 'notification', id: undefined, method: '', params: undefined }

function callOf(
  context: ReadContext,
  message: Message,
  content: Content,
  era: Era,
  protocolVersion: string,
  session: Session | undefined,
  bytes: number,
): Call {
  return {
    requestId: context.requestId,
    upstream: context.head.upstream,
    era,
    protocolVersion,
    kind: message.kind,
    method: message.method ?? 'response',
    id: message.kind === 'request' ? message.id : undefined,
    target: content.target,
    params: content.params,
    meta: content.meta,
    arguments: content.arguments,
    bytes,
    session,
    lastEventId: undefined,
    answers: message.kind === 'response' ? message.id : undefined,
    peer: context.peer,
    causedBy: undefined,
  }
}

/** What `initialize` offers; the newest of its era where that is none we know, as it is about to be negotiated anyway. */
function offered({ params }: Content): string | undefined {
  return earlierVersions.find((version) => version === params['protocolVersion']) ?? earlierVersions[0]
}

function isKnown(method: string): boolean {
  return methods.modern.has(method) || methods.earlier.has(method)
}

/** MCP 2025-11-25, Session Management: 400 without an id, 404 with one that is not, or no longer, the client's. */
function noSession(head: Head): Refusal {
  if (head.session !== undefined)
    return refuse('session_unknown', 'no session of this principal at this endpoint has the id')
  return refuse('header_invalid', 'Mcp-Session-Id is missing', {
    message: 'Mcp-Session-Id is missing; initialize first',
  })
}

/** With the upstream's own state in place of the one that we marked. */
function withOwnState(content: Content, message: Message, { head, principal, states }: ReadContext): Content | Refusal {
  const { params } = content
  const { requestState } = params
  if (typeof requestState !== 'string') return content
  const use = { principal, upstream: head.upstream, method: message.method ?? '', params }
  const own = states.open(requestState, use)
  if (own !== undefined) return { ...content, params: { ...params, requestState: own } }
  return refuse('params_invalid', '`params.requestState` was not given to this principal for this request', {
    message: 'the parameters are not acceptable: `params.requestState` is not one of this request',
  })
}

/** Names and URIs are decided upon and written down before egress searches them: a token in one goes no further. */
function leakIn(target: Target, seal: Seal): Refusal | undefined {
  const text = textOf(target)
  if (text.length < shortestLeak || !seal.matches(Buffer.from(text))) return undefined
  return refuse('leak_outgoing', `the access token stands in what a \`${target.action}\` names`)
}

function textOf(target: Target): string {
  switch (target.action) {
    case 'call':
      return target.tool
    case 'read':
    case 'subscribe':
      return target.uri
    case 'prompt':
      return target.prompt
    case 'complete':
      return target.ref
    case 'list':
      return ''
  }
}

function checkMirror(message: Message, content: Content, { head, headerParameters }: ReadContext): Refusal | undefined {
  const mismatch = checkStandardHeaders(head.mirror, message, content)
  if (mismatch !== undefined || content.target.action !== 'call') return mismatch
  const expected = headerParameters(head.upstream, content.target.tool)
  return expected === undefined ? undefined : checkParameterHeaders(head.mirror, expected, content.arguments)
}

/** A client answers only what the upstream asked in this very session. */
function checkAnswer(message: Message, session: Session | undefined): Refusal | undefined {
  if (message.kind !== 'response' || session?.asked.has(message.id) === true) return undefined
  return refuse('message_invalid', 'a response to no request of the upstream')
}
