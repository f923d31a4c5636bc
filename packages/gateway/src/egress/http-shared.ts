import type { Clock } from '../clock.ts'
import type { HttpUpstreamConfig } from '../config/types.ts'
import type { RefusalReason } from '../refusal.ts'
import type { EraMemory } from './eras.ts'
import type { Ids } from './ids.ts'
import type { EgressResult } from './port.ts'
import type { EgressHooks } from './results.ts'

/** What the exchanges of one upstream share. */
export interface Shared {
  readonly config: HttpUpstreamConfig
  readonly eras: EraMemory
  readonly ids: Ids
  readonly clock: Clock
  readonly hooks: EgressHooks
  /** The connection is free again. */
  release(): void
  readonly stopping: boolean
}

/** The exchange that a stream answers. */
export interface Answered {
  /** Of the answer's head. */
  readonly status: number
  /** The upstream's session id, in the answer to `initialize`. */
  readonly session: string | undefined
  /** @param resumable the client may ask for the rest: the request's id is kept. */
  settle(result: EgressResult, resumable?: boolean): void
  /** The answer cannot be used, and its connection is not used again. */
  fail(reason: RefusalReason, detail: string): void
}
