import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Credential } from '../credentials/port.ts'
import type { Call } from '../mcp/call.ts'
import { Pieces } from '../mcp/pieces.ts'
import type { RefusalReason } from '../refusal.ts'
import { type Reading, readError, readHead, readJson } from './http-answer.ts'
import { failureOf } from './http-failure.ts'
import type { Answered, Shared } from './http-shared.ts'
import { HttpStream } from './http-stream.ts'
import type { EgressResult, Relay } from './port.ts'
import { outcomeOf, refused } from './results.ts'
import { forgetSent } from './session-ids.ts'

/** Bytes of a body that says nothing; a longer one costs its connection. */
const maxDrained = 65_536
/** 1xx answers in one exchange: each of them restarts the wait for the answer. */
const maxInformational = 8

/** One send and its answer, over one connection (undici's handler of a request). */
export class HttpExchange implements Dispatcher.DispatchHandler, Answered {
  readonly call: Call
  readonly #shared: Shared
  readonly #credential: Credential
  readonly #relay: Relay
  readonly #sentId: number | undefined
  readonly #resolve: (result: EgressResult) => void
  #stream: HttpStream | undefined
  #controller: Dispatcher.DispatchController | undefined
  #stopListening: (() => void) | undefined
  #reading: Reading = 'drain'
  #status: number | undefined
  #session: string | undefined
  #retryAfter: string | undefined
  readonly #answer = new Pieces()
  #size = 0
  #informational = 0
  #startedMs = 0
  #settled = false
  #released = false

  constructor(
    shared: Shared,
    call: Call,
    credential: Credential,
    relay: Relay,
    sentId: number | undefined,
    resolve: (result: EgressResult) => void,
  ) {
    this.#shared = shared
    this.call = call
    this.#credential = credential
    this.#relay = relay
    this.#sentId = sentId
    this.#resolve = resolve
    const stop = relay.onGone(() => this.#gone())
    if (this.#settled) stop()
    else this.#stopListening = stop
  }

  get settled(): boolean {
    return this.#settled
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // INVARIANT: never sent twice, whatever became of the first time (threats 31, 96).
    if (this.#controller !== undefined || this.#settled) {
      controller.abort(new Error('not to be sent'))
      return
    }
    this.#controller = controller
    this.#startedMs = this.#shared.clock.monotonic()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      if (++this.#informational > maxInformational) this.fail('upstream_invalid', 'endless informational answers')
      return
    }
    this.#status = status
    if (status === 401) this.#shared.hooks.rejected(this.#shared.config.name)
    const reading = readHead(this.call, status, headers)
    if (typeof reading !== 'string') {
      this.fail(reading.reason, reading.detail)
      return
    }
    this.#reading = reading
    if (Number(headers['content-length'] ?? 0) > this.#shared.config.limits.messageBytes && reading !== 'stream') {
      this.fail('upstream_invalid', 'an answer larger than a message may be')
      return
    }
    if (status >= 400) this.#retryAfter = headers['retry-after']
    else if (this.call.method === 'initialize' && !this.#takeSession(headers['mcp-session-id'])) return
    if (reading === 'drain' && status < 400) this.#finishText()
    if (reading === 'stream') {
      this.#stream = new HttpStream(
        this.#shared,
        this.call,
        this.#credential,
        this.#relay,
        this.#sentId,
        controller,
        this,
      )
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      this.#stream.push(chunk)
      return
    }
    this.#size += chunk.length
    if (this.#settled || this.#reading === 'drain') {
      if (this.#size <= maxDrained && !this.#drips()) return
      if (!this.#settled) this.#finishText()
      controller.abort(new Error('nothing more is wanted'))
      return
    }
    if (this.#size > this.#shared.config.limits.messageBytes) {
      this.fail('upstream_invalid', 'an answer larger than a message may be')
      return
    }
    const isFirst = this.#answer.length === 0
    this.#answer.push(chunk)
    if (!isFirst && this.#drips()) this.fail('upstream_timeout', 'an answer that does not end')
  }

  onResponseEnd(): void {
    if (this.#stream !== undefined) this.#stream.end()
    else if (!this.#settled) this.#finishText()
    this.#release()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#release()
    if (this.#settled) return
    if (this.#stream?.cut() === true) return
    const { reason, detail } = failureOf(error)
    const sent = this.#controller !== undefined
    this.settle(refused(this.#shared.stopping ? 'shutting_down' : reason, detail, sent, this.#status))
  }

  /** The answer is known. What still comes on the connection costs it. */
  settle(result: EgressResult, resumable = false): void {
    if (this.#settled) return
    this.#settled = true
    this.#stopListening?.()
    const { session, id } = this.call
    if (session !== undefined && id !== undefined && this.#sentId !== undefined && !resumable) {
      forgetSent(session, id, this.#sentId)
    }
    this.#shared.hooks.finished(this.#shared.config.name, outcomeOf(result))
    this.#resolve(result)
  }

  get session(): string | undefined {
    return this.#session
  }

  get status(): number {
    return this.#status ?? 0
  }

  fail(reason: RefusalReason, detail: string): void {
    this.settle(refused(reason, detail, true, this.#status))
    this.#controller?.abort(new Error('the answer cannot be used'))
  }

  /** Closing the stream is the cancellation of a modern call; a client of the earlier era may resume its own. */
  #gone(): void {
    if (this.#settled) return
    if (this.#controller === undefined) {
      this.settle(refused('upstream_unavailable', 'the client had gone before anything was sent', false))
      return
    }
    const known = this.#stream?.close()
    this.settle(known ?? { kind: 'ended', status: this.status }, this.#stream?.resumable === true)
    this.#controller.abort(new Error('the client has gone'))
  }

  #finishText(): void {
    const status = this.#status ?? 0
    if (this.#reading === 'drain') {
      if (status < 400) this.settle({ kind: 'accepted', status })
      else this.settle(readError(this.call, this.#sentId, status, undefined, this.#shared.eras, this.#retryAfter))
      return
    }
    const bytes = this.#answer.take()
    if (this.#credential.detector?.matches(bytes) === true) {
      this.fail('leak_incoming', 'the answer held the credential that was presented')
      return
    }
    if (!isUtf8(bytes)) {
      this.fail('upstream_invalid', 'an answer that is not UTF-8')
      return
    }
    const text = bytes.toString('utf8')
    if (this.#reading === 'error') {
      this.settle(readError(this.call, this.#sentId, status, text, this.#shared.eras, this.#retryAfter))
      return
    }
    const result = readJson(this.call, this.#sentId ?? 0, status, text, this.#session)
    if (result.kind === 'refused') this.#controller?.abort(new Error('the answer cannot be used'))
    else if (this.call.era === 'modern' && !this.#shared.eras.seenModern && text.includes('"resultType"')) {
      this.#shared.eras.learnModern()
    }
    this.settle(result)
  }

  /** False where it is not one (MCP 2025-11-25, Session Management: visible ASCII). */
  #takeSession(header: string | string[] | undefined): boolean {
    if (header === undefined) return true
    if (typeof header === 'string' && /^[\x21-\x7e]{1,1024}$/.test(header)) {
      this.#session = header
      return true
    }
    this.fail('upstream_invalid', 'a session id that is none')
    return false
  }

  /** Silence is undici's to notice; an answer that drips is ours. */
  #drips(): boolean {
    const { responseTimeoutMs, idleTimeoutMs } = this.#shared.config.limits
    return this.#shared.clock.monotonic() - this.#startedMs > responseTimeoutMs + idleTimeoutMs
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#shared.release()
  }
}
