import type { StdioUpstreamConfig } from '../config/types.ts'
import type { Credential } from '../credentials/port.ts'
import type { Call, JsonRpcId } from '../mcp/call.ts'
import type { RefusalReason } from '../refusal.ts'
import { Flow } from './flow.ts'
import type { Ids } from './ids.ts'
import { isListen, parseObject, translate } from './messages.ts'
import type { EgressResult, Relay } from './port.ts'
import { refused } from './results.ts'
import { forgetSent } from './session-ids.ts'
import type { ChildMessage, StdioChild, Waiter } from './stdio-child.ts'

/** One request at a child, or one stream that listens to it, until its answer or its end. */
export class StdioExchange implements Waiter {
  readonly call: Call
  readonly #config: StdioUpstreamConfig
  readonly #child: StdioChild
  readonly #credential: Credential
  readonly #sentId: number
  readonly #ids: Ids
  readonly #resolve: (result: EgressResult) => void
  readonly #flow: Flow
  /** Its line is with the child. */
  sent = false
  #timer: NodeJS.Timeout | undefined
  #stopListening: (() => void) | undefined
  #result: EgressResult | undefined
  #settled = false

  constructor(
    config: StdioUpstreamConfig,
    child: StdioChild,
    parts: {
      readonly call: Call
      readonly credential: Credential
      readonly relay: Relay
      readonly sentId: number
      readonly ids: Ids
    },
    resolve: (result: EgressResult) => void,
  ) {
    this.#config = config
    this.#child = child
    this.call = parts.call
    this.#credential = parts.credential
    this.#sentId = parts.sentId
    this.#ids = parts.ids
    this.#resolve = resolve
    this.#flow = new Flow(parts.relay, () => undefined)
    // A child says nothing while nothing changes, so what listens is not timed.
    if (this.call.kind === 'request' && !isListen(this.call)) this.#wait(config.limits.responseTimeoutMs)
    if (this.call.kind === 'stream') this.#flow.begin()
    const stop = parts.relay.onGone(() => this.#gone())
    if (this.#settled) stop()
    else this.#stopListening = stop
  }

  get settled(): boolean {
    return this.#settled
  }

  take(message: ChildMessage): void {
    if (this.#result !== undefined || this.#settled) return
    if (this.#credential.detector?.matches(message.bytes) === true) {
      this.#fail('leak_incoming', 'a message of the child held the credential that it was given')
      return
    }
    if (message.envelope.method === 'notifications/progress') {
      this.#progress(message.text)
      return
    }
    const translated = translate(
      message.text,
      this.call,
      this.call.kind === 'stream' ? undefined : this.#sentId,
      this.#ids,
    )
    if (translated.kind === 'relay') this.#relay(translated.json)
    else if (translated.kind === 'fault') this.#fail('upstream_invalid', translated.detail)
    else if (translated.kind === 'response') {
      const { json, isError } = translated
      this.#finish({ kind: 'response', json, isError, status: 200, event: undefined, upstreamSession: undefined })
    }
  }

  lost(why: string): void {
    if (this.call.kind === 'stream' || isListen(this.call)) this.#finish({ kind: 'ended', status: 200 })
    else this.#finish(refused('upstream_unavailable', `the child ${why}; whether the call ran is not known`, true))
  }

  /** Cancelled by its client: the child need not answer it any more. */
  cancelled(): void {
    this.settle({ kind: 'ended', status: 200 })
  }

  settle(result: EgressResult): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#stopListening?.()
    this.#flow.close()
    this.#child.pending.delete(this.#sentId)
    this.#child.listeners.delete(this)
    const { session, id } = this.call
    if (session !== undefined && id !== undefined) forgetSent(session, id, this.#sentId)
    this.#resolve(result)
  }

  /** A progress token towards the child is our id of the request, so that two clients' tokens cannot be mixed up. */
  #progress(text: string): void {
    const message = parseObject(text)
    const token = this.call.meta['progressToken']
    if (message === undefined || token === undefined || this.call.kind === 'stream') return
    const params = message['params'] as Record<string, unknown>
    this.#relay(JSON.stringify({ ...message, params: { ...params, progressToken: token } }))
  }

  #relay(data: string): void {
    this.#flow.push({ id: undefined, retry: undefined, data })
    // A child's output is shared, so it is not held up for one slow client: that client's call ends instead.
    if (this.#flow.queued > this.#config.limits.messageBytes) {
      this.#fail('upstream_unavailable', 'the client takes events more slowly than the child sends them')
    } else if (this.#timer !== undefined) {
      this.#wait(this.#config.limits.idleTimeoutMs)
    }
  }

  #finish(result: EgressResult): void {
    clearTimeout(this.#timer)
    this.#result = result
    this.#child.pending.delete(this.#sentId)
    this.#flow.whenEmpty(() => this.settle(result))
  }

  #fail(reason: RefusalReason, detail: string): void {
    this.#cancelAtChild()
    this.settle(refused(reason, detail, true))
  }

  #gone(): void {
    if (this.#settled) return
    if (this.call.kind === 'request' && !this.sent) {
      this.settle(refused('upstream_unavailable', 'the client had gone before anything was sent', false))
      return
    }
    if (this.call.era === 'modern') this.#cancelAtChild()
    this.settle(this.#result ?? { kind: 'ended', status: 0 })
  }

  /** MCP 2026-07-28, stdio, Cancellation. */
  #cancelAtChild(): void {
    if (this.call.kind !== 'request' || !this.#child.pending.has(this.#sentId)) return
    const requestId: JsonRpcId = this.#sentId
    this.#child.tell({ method: 'notifications/cancelled', params: { requestId } })
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#fail('upstream_timeout', `the child said nothing for ${ms} ms`), ms)
  }
}
