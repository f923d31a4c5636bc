import type { Dispatcher } from 'undici'
import type { Credential } from '../credentials/port.ts'
import type { Call } from '../mcp/call.ts'
import { isFiltered } from '../mcp/methods.ts'
import { type SseEvent, SseParser } from '../mcp/sse.ts'
import { Flow } from './flow.ts'
import type { Answered, Shared } from './http-shared.ts'
import { isListen, type Translated, translate } from './messages.ts'
import type { EgressResult, Relay } from './port.ts'
import { refused } from './results.ts'

/** An answer that is a stream of events: each is searched, its ids are replaced, and it is handed on as it comes. */
export class HttpStream {
  readonly #shared: Shared
  readonly #call: Call
  readonly #credential: Credential
  readonly #sentId: number | undefined
  readonly #controller: Dispatcher.DispatchController
  readonly #exchange: Answered
  readonly #parser: SseParser
  readonly #flow: Flow
  /** The response came, or the stream broke: nothing more is read. */
  #over = false
  /** What came of the call, while events before it wait for the client. */
  #result: EgressResult | undefined
  /** An event had an id: the client may resume after it (MCP 2025-11-25, Resumability). */
  resumable = false

  constructor(
    shared: Shared,
    call: Call,
    credential: Credential,
    relay: Relay,
    sentId: number | undefined,
    controller: Dispatcher.DispatchController,
    exchange: Answered,
  ) {
    this.#shared = shared
    this.#call = call
    this.#credential = credential
    this.#sentId = sentId
    this.#controller = controller
    this.#exchange = exchange
    this.#parser = new SseParser(shared.config.limits.messageBytes)
    this.#flow = new Flow(relay, () => controller.resume())
    this.#flow.begin()
  }

  push(chunk: Buffer): void {
    if (this.#over) {
      // The response has to end the stream; who says more is not listened to, and loses the connection.
      this.#controller.abort(new Error('more after the response'))
      return
    }
    const events = this.#parser.push(chunk)
    if (typeof events === 'string') {
      this.#break(
        'upstream_invalid',
        events === 'event_too_large' ? 'an event larger than a message may be' : 'a stream that is not UTF-8',
      )
      return
    }
    for (const event of events) {
      this.#take(event)
      if (this.#over) return
    }
  }

  /** The upstream closed the stream in order. */
  end(): void {
    if (this.#over) return
    this.#over = true
    const result = this.#endedResult(this.#exchange.status)
    this.#result = result
    this.#flow.whenEmpty(() => this.#exchange.settle(result, this.resumable))
  }

  /** The connection broke. True where the stream deals with it: it is over anyhow, or the client may resume. */
  cut(): boolean {
    if (this.#over) return true
    if (!this.resumable && this.#call.kind !== 'stream' && !isListen(this.#call)) return false
    this.end()
    return true
  }

  /** The client has gone. Returns what came of the call, where that is known already. */
  close(): EgressResult | undefined {
    this.#over = true
    this.#flow.close()
    return this.#result
  }

  #take(event: SseEvent): void {
    const { detector } = this.#credential
    if (detector?.matches(Buffer.from(event.id === undefined ? event.data : `${event.id}\n${event.data}`)) === true) {
      this.#break('leak_incoming', 'an event held the credential that was presented')
      return
    }
    // Other types of event have no listener in MCP.
    if (event.event !== undefined && event.event !== '' && event.event !== 'message') return
    if (event.id !== undefined && event.id !== '')
      this.resumable = this.#call.session !== undefined && !isFiltered(this.#call.method)
    if (event.data === '') {
      this.#relay(event, '')
      return
    }
    const translated = translate(event.data, this.#call, this.#sentId, this.#shared.ids)
    if (translated.kind === 'relay') this.#relay(event, translated.json)
    else if (translated.kind === 'response') this.#answer(event, translated)
    else if (translated.kind === 'fault') this.#break('upstream_invalid', translated.detail)
  }

  #relay(event: SseEvent, data: string): void {
    if (!this.#flow.push({ id: event.id, retry: event.retry, data })) this.#controller.pause()
  }

  #answer(event: SseEvent, answer: Extract<Translated, { kind: 'response' }>): void {
    this.#over = true
    if (this.#call.era === 'modern' && !this.#shared.eras.seenModern && answer.json.includes('"resultType"')) {
      this.#shared.eras.learnModern()
    }
    const result: EgressResult = {
      kind: 'response',
      json: answer.json,
      isError: answer.isError,
      status: this.#exchange.status,
      event: { id: event.id, retry: event.retry },
      upstreamSession: this.#exchange.session,
    }
    this.#result = result
    this.#flow.whenEmpty(() => {
      this.#exchange.settle(result)
      // Read on, for the end of the stream: only a connection that is done can be used again.
      this.#controller.resume()
    })
  }

  #endedResult(status: number): EgressResult {
    if (this.#call.kind === 'stream' || this.resumable || isListen(this.#call)) return { kind: 'ended', status }
    return refused('upstream_unavailable', 'a stream that ended without a response', true, status)
  }

  #break(reason: 'upstream_invalid' | 'leak_incoming', detail: string): void {
    this.#over = true
    this.#flow.close()
    this.#exchange.fail(reason, detail)
  }
}
