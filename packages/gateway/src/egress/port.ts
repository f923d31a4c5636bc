/**
 * What egress needs of others, declared here and implemented elsewhere, and what it answers.
 */
import type { Credential } from '../credentials/port.ts'
import type { Refusal } from '../refusal.ts'
import type { Intent } from '../stages.ts'

/** All that is left of the inbound token (implemented by guard's `InboundToken`). Never yields the value. */
export interface Seal {
  /** True where any 24-byte window of the token, in any covered encoding, stands in these bytes. */
  matches(bytes: Uint8Array): boolean
}

/** One event of a stream, ready to be written: ids replaced, searched for the leased secret. */
export interface RelayedEvent {
  /** The upstream's SSE event id, where it gave one. */
  readonly id: string | undefined
  /** The upstream's SSE `retry`, milliseconds. */
  readonly retry: number | undefined
  /** One JSON-RPC message, or empty (a priming event of 2025-11-25). */
  readonly data: string
}

/** Where the answer goes; implemented by ingress over one HTTP response. */
export interface Relay {
  /** The upstream answers with a stream of events. At most once, and before the first `event`. */
  begin(): void
  /** False where the client is slower than the upstream: await `drained` before the next. */
  event(event: RelayedEvent): boolean
  drained(): Promise<void>
  /** Calls back once when the client has gone; at once where it has gone already. Returns how to stop listening. */
  onGone(callback: () => void): () => void
}

/** What came of one send. */
export type EgressResult =
  /** The response to a request: its JSON with the client's id in place. `event` where it ended a stream. */
  | {
      readonly kind: 'response'
      readonly json: string
      readonly isError: boolean
      readonly status: number
      readonly event: Omit<RelayedEvent, 'data'> | undefined
      readonly upstreamSession: string | undefined
    }
  /** A notification or response was taken (202), or a session ended. */
  | { readonly kind: 'accepted'; readonly status: number }
  /**
   * It ended without a response: the GET stream, a request whose stream the client may resume, or one whose client has
   * gone (status 0 where nothing had come by then). Whether a request ran is not known.
   */
  | { readonly kind: 'ended'; readonly status: number }
  /** Nothing usable came; `sent` tells whether bytes may have left, so whether the call may have run. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly sent: boolean; readonly status: number | undefined }

/** The sole sender to upstreams. */
export interface Egress {
  /**
   * Sends one call and relays what comes. Never sends twice. Expected failures are `refused` results.
   * @throws where the credential was leased for another upstream: a fault of ours.
   */
  invoke<U extends string>(
    intent: Intent<U>,
    credential: Credential<NoInfer<U>>,
    seal: Seal,
    relay: Relay,
  ): Promise<EgressResult>
  stop(): Promise<void>
}
