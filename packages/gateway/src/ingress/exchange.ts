/** One HTTP request to an MCP endpoint and its answer, as the pipeline sees them. */
import type { Principal } from '@sallyport/guard'
import type { EntryFields } from '../audit/entry.ts'
import type { EgressResult, Relay, Seal } from '../egress/port.ts'
import type { Call } from '../mcp/call.ts'
import type { Refusal } from '../refusal.ts'

export interface Exchange {
  /** Ours, fresh; an answer and an audit entry of the refusal name it. */
  readonly requestId: string
  readonly relay: Relay
  /**
   * Checks the request's head, verifies its token, reads and checks its message. Nothing of the token is left in what
   * it returns but the seal. Does not decide whether the call is allowed.
   */
  authenticate(): RequestRead | Promise<RequestRead>
  /** Ends the response; exactly once. `call` is undefined where the message was never read. */
  answer(answer: EgressResult | Refusal, call: Call | undefined): void
}

export type RequestRead = AcceptedRequest | RefusedRequest

export interface AcceptedRequest {
  readonly principal: Principal
  readonly call: Call
  readonly seal: Seal
}

/** `known`: what was known of the request when it was refused, for the log. */
export interface RefusedRequest {
  readonly refusal: Refusal
  readonly known: Partial<EntryFields> & { readonly requestId: string }
}
