import type { IncomingMessage, ServerResponse } from 'node:http'
import { InboundToken, type Principal, principalKey, type TokenRefusal, type Verdict } from '@sallyport/guard'
import type { EntryFields } from '../audit/entry.ts'
import type { EgressResult, Relay } from '../egress/port.ts'
import type { Call } from '../mcp/call.ts'
import type { Session } from '../mcp/session.ts'
import { modernVersions } from '../mcp/versions.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { readBody } from './body.ts'
import type { Exchange, RefusedRequest, RequestRead } from './exchange.ts'
import { type Head, readHead, upstreamOf } from './head.ts'
import type { Shared } from './options.ts'
import { type ReadContext, readBodiless, readCall } from './read-call.ts'
import { type Asked, answerOf, lastMessageOf } from './respond.ts'
import { ResponseRelay } from './response-relay.ts'
import { sendAnswer } from './send-answer.ts'
import type { SessionOwner } from './sessions.ts'

/** One request over `node:http`. Reads in the order that costs an attacker most: head, token, and only then the body. */
export class HttpExchange implements Exchange {
  readonly requestId: string
  readonly relay: Relay
  readonly #shared: Shared
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #stream: ResponseRelay
  readonly #peer: string
  #asked: Asked
  #owner: SessionOwner | undefined
  #session: Session | undefined
  /** Of a session that an `initialize` is about to open. */
  #newSessionId: string | undefined
  #answered = false
  #known: Partial<EntryFields> = {}
  #token: InboundToken | undefined
  #principal: Principal | undefined

  constructor(shared: Shared, request: IncomingMessage, response: ServerResponse, requestId: string) {
    this.requestId = requestId
    this.#shared = shared
    this.#request = request
    this.#response = response
    this.#peer = request.socket.remoteAddress ?? ''
    this.#asked = { requestId, kind: undefined, id: undefined, era: 'earlier', method: undefined }
    response.sendDate = false
    this.#stream = new ResponseRelay(response, {
      headers: () => this.#sessionHeaders(),
      touch: () => {
        if (this.#session !== undefined) this.#session.usedAt = shared.clock.monotonic()
      },
      keepAlive: shared.keepAlive,
      slowReader: shared.slowReader,
      unread: shared.unread,
      bufferedBytes: shared.limits.bufferedBytes,
    })
    this.relay = this.#stream
  }

  authenticate(): RequestRead | Promise<RequestRead> {
    const { method = '', url = '', rawHeaders } = this.#request
    const head = readHead(method, url, rawHeaders, this.#shared.rules)
    if (isRefusal(head)) {
      this.#known = { upstream: upstreamOf(url, this.#shared.endpoints) }
      this.#learnEra(this.#request.headers['mcp-protocol-version'])
      return this.#refused(head)
    }
    this.#learnEra(head.mirror.protocolVersion)
    if (head.presented === undefined) {
      this.#known = { upstream: head.upstream }
      return this.#refused(this.#tokenRefusal(head, { reason: 'token_missing', detail: 'no access token' }))
    }
    const token = InboundToken.fromAuthorization(head.presented)
    this.#known = { upstream: head.upstream, token: 'refused' in token ? undefined : token.sha256 }
    if ('refused' in token) return this.#refused(this.#tokenRefusal(head, token))
    const endpoint = this.#shared.endpoints.get(head.upstream)
    if (endpoint === undefined) throw new Error('the head named an endpoint that does not exist')
    this.#token = token
    const verdict = this.#shared.verifier.verify(token, endpoint, this.#shared.clock.now())
    return verdict instanceof Promise
      ? verdict.then((late) => this.#verified(head, late))
      : this.#verified(head, verdict)
  }

  answer(given: EgressResult | Refusal, call: Call | undefined): void {
    if (this.#answered) throw new Error('a request was answered twice')
    this.#answered = true
    const result = this.#withMarkedState(given, call)
    this.#keepSessions(result, call)
    if (this.#stream.begun) {
      const json = lastMessageOf(result, this.#asked)
      const event = !isRefusal(result) && result.kind === 'response' ? result.event : undefined
      this.#stream.end(json === undefined ? undefined : { id: event?.id, retry: event?.retry, data: json })
      return
    }
    const answer = answerOf(result, this.#asked)
    const headers = answer.status < 300 ? [...answer.headers, ...this.#sessionHeaders()] : answer.headers
    sendAnswer(this.#request, this.#response, this.#stream, { ...answer, headers }, this.#shared)
  }

  #withMarkedState(result: EgressResult | Refusal, call: Call | undefined): EgressResult | Refusal {
    const principal = this.#principal
    if (isRefusal(result) || result.kind !== 'response' || call?.era !== 'modern' || principal === undefined)
      return result
    const { upstream, method, params } = call
    const json = this.#shared.states.mark(result.json, { principal, upstream, method, params })
    return json === result.json ? result : { ...result, json }
  }

  /** Until the message is read: what the header claims. */
  #learnEra(version: string | string[] | undefined): void {
    const modern = typeof version === 'string' && modernVersions.includes(version)
    if (modern) this.#asked = { ...this.#asked, era: 'modern' }
  }

  #verified(head: Head, verdict: Verdict): RequestRead | Promise<RequestRead> {
    if ('refused' in verdict) return this.#refused(this.#tokenRefusal(head, verdict))
    const { principal, seal } = verdict
    const { tenant, person, agent, actors } = principal
    this.#principal = principal
    this.#known = { upstream: head.upstream, token: principal.tokenSha256, tenant, person, agent, actors }
    const context: ReadContext = {
      requestId: this.requestId,
      head,
      principal,
      seal,
      peer: this.#peer,
      findSession: () =>
        head.session === undefined
          ? undefined
          : this.#shared.sessions.find(head.session, this.#ownerOf(head, principal)),
      states: this.#shared.states,
      headerParameters: this.#shared.headerParameters,
    }
    if (head.method !== 'POST') {
      const kind = head.method === 'GET' ? 'stream' : 'end'
      this.#asked = { ...this.#asked, kind }
      return this.#accepted(context, readBodiless(kind, context))
    }
    const { limits, bodyDeadlines } = this.#shared
    return readBody(this.#request, head.contentLength, limits.bodyBytes, bodyDeadlines).then((body) => {
      if (!Buffer.isBuffer(body)) return this.#refused(body)
      const { outcome, era, kind, id, method, tool } = readCall(body, context)
      this.#asked = { requestId: this.requestId, kind, id, era: era ?? this.#asked.era, method }
      if (isRefusal(outcome)) this.#known = { ...this.#known, method, tool }
      return this.#accepted(context, outcome)
    })
  }

  #accepted(context: ReadContext, call: Call | Refusal): RequestRead {
    if (isRefusal(call)) return this.#refused(call)
    const { principal, seal, head } = context
    this.#session = call.session
    const lasts = call.kind === 'stream' || call.method === 'subscriptions/listen'
    if (lasts && this.#token !== undefined) this.#watchToken(this.#token, head.upstream)
    if (call.method === 'initialize') {
      this.#owner = this.#ownerOf(head, principal)
      this.#newSessionId = this.#shared.sessions.newId()
    }
    return { principal, call, seal }
  }

  /** A stream outlives the request that opened it, but not the token: once that is refused, or cannot be verified, it ends. */
  #watchToken(token: InboundToken, upstream: string): void {
    this.#shared.streamChecks.add(() => {
      if (this.#response.closed) return
      void this.#isGood(token, upstream).then((good) =>
        good ? this.#watchToken(token, upstream) : this.#response.destroy(),
      )
    })
  }

  /** Never rejects. */
  async #isGood(token: InboundToken, upstream: string): Promise<boolean> {
    const { endpoints, verifier, clock } = this.#shared
    try {
      const endpoint = endpoints.get(upstream)
      return endpoint !== undefined && !('refused' in (await verifier.verify(token, endpoint, clock.now())))
    } catch {
      return false
    }
  }

  #refused(refusal: Refusal): RefusedRequest {
    return { refusal, known: { ...this.#known, requestId: this.requestId, peer: this.#peer } }
  }

  /** 401 and a challenge; our own fault, such as keys out of reach, is 503 and never 401. */
  #tokenRefusal(head: Head, { reason, detail }: Pick<TokenRefusal, 'reason' | 'detail'>): Refusal {
    if (reason === 'keys_unavailable') return refuse(reason, detail, { retryAfterSeconds: 5 })
    const error = reason === 'token_missing' ? undefined : 'invalid_token'
    return refuse(reason, detail, { challenge: this.#shared.challengeOf(head.upstream, error) })
  }

  #ownerOf(head: Head, principal: Principal): SessionOwner {
    return { principalKey: keyOf(principal), audience: principal.audience, upstream: head.upstream }
  }

  #sessionHeaders(): readonly string[] {
    return this.#newSessionId === undefined ? [] : ['mcp-session-id', this.#newSessionId]
  }

  /** A session starts with a successful `initialize`, and ends with DELETE or when the upstream has lost its own. */
  #keepSessions(result: EgressResult | Refusal, call: Call | undefined): void {
    const { sessions } = this.#shared
    const opened = !isRefusal(result) && result.kind === 'response' && !result.isError
    if (this.#newSessionId !== undefined && this.#owner !== undefined) {
      if (opened) sessions.open(this.#newSessionId, this.#owner, negotiated(result.json), result.upstreamSession)
      else this.#newSessionId = undefined
    }
    if (call?.session === undefined) return
    const lost = !isRefusal(result) && result.kind === 'refused' && result.refusal.reason === 'session_unknown'
    if (call.kind === 'end' || lost) sessions.end(call.session)
  }
}

/** A principal is the same object for as long as its verdict is cached. */
const keys = new WeakMap<Principal, string>()

function keyOf(principal: Principal): string {
  let key = keys.get(principal)
  if (key === undefined) {
    key = principalKey(principal)
    keys.set(principal, key)
  }
  return key
}

/**
 * The version that the upstream settled on (MCP 2025-11-25, Lifecycle, Version Negotiation); the oldest where it names
 * none, as for a client that sends no header.
 */
function negotiated(json: string): string {
  let version: unknown
  try {
    version = JSON.parse(json)?.result?.protocolVersion
  } catch {
    // Relayed as it came: its client cannot read it either.
  }
  return typeof version === 'string' && /^[0-9A-Za-z.-]{1,32}$/.test(version) ? version : '2025-03-26'
}
