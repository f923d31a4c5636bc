import type { JsonRpcId } from './message-id.ts'

/**
 * A session of the earlier era (MCP 2025-11-25, Transports, Session Management): ours towards the client, tied to one
 * principal and one upstream, and the upstream's own, which no client ever sees.
 */
export interface Session {
  readonly id: string
  readonly principalKey: string
  readonly audience: string
  readonly upstream: string
  readonly protocolVersion: string
  /** The upstream's session id, where it gave one; egress alone writes and reads it. */
  upstreamSession: string | undefined
  /** Requests of the upstream that wait for the client's response: our id to the upstream's. Bounded by who adds. */
  readonly asked: Map<JsonRpcId, JsonRpcId>
  /** Requests of the client under way: the client's id to the one we sent, for `notifications/cancelled`. */
  readonly sent: Map<JsonRpcId, JsonRpcId>
  /** Milliseconds of the injected clock. */
  usedAt: number
}
