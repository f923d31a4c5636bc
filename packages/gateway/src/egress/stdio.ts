import { type Principal, principalKey } from '@sallyport/guard'
import type { StdioUpstreamConfig } from '../config/types.ts'
import type { Credential } from '../credentials/port.ts'
import type { Call, JsonObject, JsonRpcId } from '../mcp/call.ts'
import { earlierVersions } from '../mcp/versions.ts'
import type { Intent } from '../stages.ts'
import { EraMemory, eraMismatch } from './eras.ts'
import { messageOf } from './http-request.ts'
import type { EgressResult, Relay, Seal } from './port.ts'
import { outcomeOf, refused } from './results.ts'
import { rememberSent } from './session-ids.ts'
import type { StdioChild } from './stdio-child.ts'
import { StdioExchange } from './stdio-exchange.ts'
import { ChildPool, type StdioPorts } from './stdio-pool.ts'
import { sealedBytes } from './tripwire.ts'
import type { Upstream, UpstreamState } from './upstream.ts'

/** Requests under way at one child. */
const maxPending = 64

/** Sends to one stdio upstream: to a child for each principal, or to one for all where that is configured. */
export class StdioUpstream implements Upstream {
  readonly #config: StdioUpstreamConfig
  readonly #ports: StdioPorts
  readonly #eras: EraMemory
  readonly #pool: ChildPool
  readonly #keys = new WeakMap<Principal, string>()
  #inFlight = 0

  constructor(config: StdioUpstreamConfig, ports: StdioPorts) {
    this.#config = config
    this.#ports = ports
    this.#eras = new EraMemory(ports.clock)
    this.#pool = new ChildPool(config, ports, this.#eras)
  }

  async invoke(intent: Intent, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult> {
    this.#inFlight++
    try {
      const result = await this.#invoke(intent, credential, seal, relay)
      this.#ports.hooks.finished(this.#config.name, outcomeOf(result))
      return result
    } finally {
      this.#inFlight--
    }
  }

  state(): UpstreamState {
    const { name } = this.#config
    return {
      upstream: name,
      kind: 'stdio',
      inFlight: this.#inFlight,
      onlyEra: this.#eras.only,
      children: this.#pool.size,
    }
  }

  stop(): Promise<void> {
    return this.#pool.stop()
  }

  async #invoke(intent: Intent, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult> {
    const { call, principal } = intent.authorized
    const owner = this.#ownerOf(principal)
    if (call.kind === 'end') return { kind: 'accepted', status: 204 }
    if (call.kind === 'response')
      return refused('message_invalid', 'a response to nothing that the upstream asked', false)
    if (call.kind === 'notification') return this.#notify(call, owner, seal)
    if (call.kind === 'stream' && this.#config.isolation === 'shared') {
      return refused('method_not_allowed', 'a child that principals share has no stream for one of them', false)
    }
    const mismatch = this.#eras.refuse(call.era, call.protocolVersion)
    if (mismatch !== undefined) return { kind: 'refused', refusal: mismatch, sent: false, status: undefined }
    const child = await this.#pool.child(call.era, owner, credential)
    if ('kind' in child) return child
    if (child.era !== call.era) {
      return { kind: 'refused', refusal: eraMismatch(child.era, call.protocolVersion), sent: false, status: undefined }
    }
    if (call.method === 'initialize') return initialized(call, child, credential)
    const result = await this.#ask(call, child, credential, seal, relay)
    this.#pool.used(child)
    return result
  }

  #ask(call: Call, child: StdioChild, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult> {
    const sentId = this.#ports.ids.take()
    const bytes =
      call.kind === 'stream'
        ? undefined
        : sealedBytes(seal, '', `${messageOf(call, sentId, call.params, metaFor(call, sentId))}\n`)
    if (call.kind !== 'stream' && bytes === undefined) {
      return Promise.resolve(refused('leak_outgoing', 'the call carried the access token that it came with', false))
    }
    if (child.pending.size >= maxPending) {
      return Promise.resolve(refused('too_many', `${maxPending} calls are under way at this child`, false))
    }
    return new Promise((resolve) => {
      const parts = { call, credential, relay, sentId, ids: this.#ports.ids }
      const exchange = new StdioExchange(this.#config, child, parts, resolve)
      if (exchange.settled) return
      if (bytes === undefined) {
        if (!child.listen(exchange))
          exchange.settle(refused('too_many', 'this child has as many streams as it may', false))
        return
      }
      child.pending.set(sentId, exchange)
      if (call.session !== undefined && call.id !== undefined) rememberSent(call.session, call.id, sentId)
      exchange.sent = child.write(bytes)
      if (!exchange.sent) exchange.settle(refused('upstream_unavailable', 'the child does not read', false))
    })
  }

  /** Only a cancellation says anything to a child: it was initialized by us, and has asked for nothing. */
  #notify(call: Call, owner: string, seal: Seal): EgressResult {
    const accepted: EgressResult = { kind: 'accepted', status: 202 }
    if (call.method !== 'notifications/cancelled') return accepted
    const ours = call.session?.sent.get(call.params['requestId'] as JsonRpcId)
    const child = ours === undefined ? undefined : this.#pool.running(call.era, owner)
    const exchange = typeof ours === 'number' ? child?.pending.get(ours) : undefined
    if (child === undefined || ours === undefined || !(exchange instanceof StdioExchange)) return accepted
    const bytes = sealedBytes(seal, '', `${messageOf(call, undefined, { ...call.params, requestId: ours }, {})}\n`)
    if (bytes === undefined)
      return refused('leak_outgoing', 'the cancellation carried the access token that it came with', false)
    child.write(bytes)
    exchange.cancelled()
    return accepted
  }

  /** Whose child it is: a principal's, or a tenant's where principals share one. */
  #ownerOf(principal: Principal): string {
    const known = this.#keys.get(principal)
    if (known !== undefined) return known
    const owner = this.#config.isolation === 'shared' ? JSON.stringify([principal.tenant]) : principalKey(principal)
    this.#keys.set(principal, owner)
    return owner
  }
}

/** A progress token is unique among a child's requests, so ours takes the place of the client's. */
function metaFor(call: Call, sentId: number): JsonObject {
  return call.meta['progressToken'] === undefined ? call.meta : { ...call.meta, progressToken: sentId }
}

/** The child was initialized once, by us: each client gets what it said then. */
function initialized(call: Call, child: StdioChild, credential: Credential): EgressResult {
  const requested = call.params['protocolVersion']
  const spoken = child.initialized['protocolVersion'] as string
  // Versions are dates. One before the child's is a subset of it, as far as a client of that version sees.
  const version =
    typeof requested === 'string' && earlierVersions.includes(requested) && requested < spoken ? requested : spoken
  const result = { ...child.initialized, protocolVersion: version }
  const json = JSON.stringify({ jsonrpc: '2.0', id: call.id, result })
  if (credential.detector?.matches(Buffer.from(json, 'utf8')) === true) {
    return refused('leak_incoming', 'the child described itself with the credential that it was given', true)
  }
  return { kind: 'response', json, isError: false, status: 200, event: undefined, upstreamSession: undefined }
}
