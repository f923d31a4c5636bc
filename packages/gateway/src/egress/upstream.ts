/** What the senders to all upstreams have in common. */
import type { Clock } from '../clock.ts'
import type { Credential } from '../credentials/port.ts'
import type { Era } from '../mcp/call.ts'
import type { Intent } from '../stages.ts'
import type { HeaderParameters } from './http-request.ts'
import type { Ids, TraceParents } from './ids.ts'
import type { EgressResult, Relay, Seal } from './port.ts'
import type { EgressHooks } from './results.ts'

/** Sends to one upstream, and shares nothing that could break with any other. */
export interface Upstream {
  invoke(intent: Intent, credential: Credential, seal: Seal, relay: Relay): Promise<EgressResult>
  state(): UpstreamState
  stop(): Promise<void>
}

export interface UpstreamPorts {
  readonly clock: Clock
  readonly ids: Ids
  readonly traceParents: TraceParents
  readonly headerParameters: HeaderParameters
  readonly hooks: EgressHooks
}

export interface UpstreamState {
  readonly upstream: string
  readonly kind: 'http' | 'stdio'
  /** Sends under way, streams included. */
  readonly inFlight: number
  /** The one era that it was last seen to speak; undefined where it is not known, or speaks both. */
  readonly onlyEra: Era | undefined
  /** Of stdio. */
  readonly children: number
}
