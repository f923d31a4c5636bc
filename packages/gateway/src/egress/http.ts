import { principalKey } from '@sallyport/guard'
import { Pool } from 'undici'
import type { Clock } from '../clock.ts'
import type { HttpUpstreamConfig } from '../config/types.ts'
import type { Credential } from '../credentials/port.ts'
import type { Call, JsonRpcId } from '../mcp/call.ts'
import { isFiltered } from '../mcp/methods.ts'
import type { Intent } from '../stages.ts'
import { createConnector } from './addresses.ts'
import { EraMemory } from './eras.ts'
import { HttpExchange } from './http-exchange.ts'
import { HttpRequests, messageOf, responseOf } from './http-request.ts'
import type { Shared } from './http-shared.ts'
import type { Ids, TraceParents } from './ids.ts'
import { isListen } from './messages.ts'
import type { EgressResult, Relay, Seal } from './port.ts'
import { type EgressHooks, outcomeOf, refused } from './results.ts'
import { rememberSent, takeAsked } from './session-ids.ts'
import { StreamBudget } from './stream-budget.ts'
import { sealedBytes } from './tripwire.ts'
import type { Upstream, UpstreamPorts, UpstreamState } from './upstream.ts'

/** Connections to one upstream, each with one call at a time. A stream holds its own for as long as it lasts. */
const maxConnections = 256
const connectTimeoutMs = 10_000
const maxHeaderBytes = 32_768

/** Sends to one HTTP upstream, over connections that no other upstream shares. */
export class HttpUpstream implements Upstream, Shared {
  readonly config: HttpUpstreamConfig
  readonly eras: EraMemory
  readonly ids: Ids
  readonly clock: Clock
  readonly hooks: EgressHooks
  stopping = false
  readonly #pool: Pool
  readonly #path: string
  readonly #requests: HttpRequests
  readonly #traceParents: TraceParents
  readonly #streams = new StreamBudget()
  #inFlight = 0

  constructor(config: HttpUpstreamConfig, ports: UpstreamPorts) {
    const url = new URL(config.url)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new Error(`\`${config.name}\` has a URL that is not https`)
    if (url.username !== '' || url.password !== '')
      throw new Error(`\`${config.name}\` has credentials in its URL; configure them`)
    this.config = config
    this.eras = new EraMemory(ports.clock)
    this.ids = ports.ids
    this.clock = ports.clock
    this.hooks = ports.hooks
    this.#traceParents = ports.traceParents
    this.#path = url.pathname + url.search
    this.#requests = new HttpRequests(this.#path, (tool) => ports.headerParameters(config.name, tool))
    this.#pool = new Pool(url.origin, {
      connect: createConnector({ connectTimeoutMs, insecureHttp: config.insecureHttp }),
      connections: maxConnections,
      pipelining: 1,
      allowH2: false,
      useMilo: false,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: config.limits.responseTimeoutMs,
      bodyTimeout: config.limits.idleTimeoutMs,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 60_000,
    })
  }

  invoke(intent: Intent, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult> {
    const { call, principal } = intent.authorized
    if (call.kind !== 'stream' && !isListen(call)) return this.#send(call, credential, seal, relay)
    const owner = principalKey(principal)
    if (!this.#streams.enter(owner))
      return this.#answer(
        refused('too_many', 'this principal, or all together, have as many streams as they may', false),
      )
    return this.#send(call, credential, seal, relay).finally(() => this.#streams.leave(owner))
  }

  #send(call: Call, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult> {
    const sentId = call.kind === 'request' ? this.ids.take() : undefined
    const body = this.#body(call, sentId)
    if (typeof body !== 'string') return this.#answer(body)
    const request = this.#requests.build(call, body, credential, this.#traceParents.take())
    if (typeof request === 'string') return this.#answer(refused('params_invalid', request, false))
    const bytes = sealedBytes(seal, request.searched, request.body)
    if (bytes === undefined) {
      return this.#answer(refused('leak_outgoing', 'the call carried the access token that it came with', false))
    }
    if (call.session !== undefined && call.id !== undefined && sentId !== undefined && !isFiltered(call.method))
      rememberSent(call.session, call.id, sentId)
    return new Promise((resolve) => {
      this.#inFlight++
      const exchange = new HttpExchange(this, call, credential, relay, sentId, resolve)
      if (exchange.settled) {
        this.#inFlight--
        return
      }
      const { method, headers } = request
      this.#pool.dispatch({ path: this.#path, method, headers, body: method === 'POST' ? bytes : null }, exchange)
    })
  }

  release(): void {
    this.#inFlight--
  }

  state(): UpstreamState {
    return { upstream: this.config.name, kind: 'http', inFlight: this.#inFlight, onlyEra: this.eras.only, children: 0 }
  }

  async stop(): Promise<void> {
    this.stopping = true
    await this.#pool.destroy()
  }

  /** The message to send, or the result where nothing needs to be or can be sent. */
  #body(call: Call, sentId: number | undefined): string | EgressResult {
    if (this.stopping) return refused('shutting_down', 'the gateway is stopping', false)
    if (this.#inFlight >= maxConnections)
      return refused('too_many', `${maxConnections} calls are under way to this upstream`, false)
    if (call.kind === 'request') {
      const mismatch = this.eras.refuse(call.era, call.protocolVersion)
      if (mismatch !== undefined) return { kind: 'refused', refusal: mismatch, sent: false, status: undefined }
      return messageOf(call, sentId, call.params, call.meta)
    }
    if (call.kind === 'stream') return ''
    // Without a session of its own the upstream has nothing to end.
    if (call.kind === 'end') return call.session?.upstreamSession === undefined ? { kind: 'accepted', status: 204 } : ''
    if (call.kind === 'response') return responseBody(call)
    return call.method === 'notifications/cancelled'
      ? cancelledBody(call)
      : messageOf(call, undefined, call.params, call.meta)
  }

  #answer(result: EgressResult): Promise<EgressResult> {
    this.hooks.finished(this.config.name, outcomeOf(result))
    return Promise.resolve(result)
  }
}

function responseBody(call: Call): string | EgressResult {
  const theirs =
    call.session === undefined || call.answers === undefined ? undefined : takeAsked(call.session, call.answers)
  return theirs === undefined
    ? refused('message_invalid', 'a response to nothing that the upstream asked', false)
    : responseOf(theirs, call.params)
}

/** Nothing is sent where the request is over: a cancellation that comes late is ignored (MCP 2025-11-25, Cancellation). */
function cancelledBody(call: Call): string | EgressResult {
  const ours = call.session?.sent.get(call.params['requestId'] as JsonRpcId)
  return ours === undefined
    ? { kind: 'accepted', status: 202 }
    : messageOf(call, undefined, { ...call.params, requestId: ours }, call.meta)
}
