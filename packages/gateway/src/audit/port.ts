import type { EgressResult } from '../egress/port.ts'
import type { Refusal } from '../refusal.ts'
import type { Authorized, Intent, Plan } from '../stages.ts'
import type { Entry, EntryFields } from './entry.ts'

/** The log could not make an entry durable in time: 2006, and the call is not made. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable'
}

/** Append-only, one writer a running gateway; of two entries the one at the lower position was written first. */
export interface AuditLog {
  /**
   * Resolves once the intent entry is durable; the only maker of an `Intent`.
   * @throws {LogUnavailable}
   */
  open<U extends string>(authorized: Authorized<U>, plan: Plan<NoInfer<U>>): Promise<Intent<U>>
  /** The outcome; not awaited by the data path, and never throws. */
  close(intent: Intent, result: EgressResult): void
  /** A refusal at any stage; never throws. Unauthenticated ones are counted by peer, reason and minute. */
  refuse(refusal: Refusal, known: Partial<EntryFields> & { readonly requestId: string }): void
  /** An event or a transit. Resolves once durable. @throws {LogUnavailable} */
  append(fields: EntryFields): Promise<Entry>
  /** False once a write has failed and until one succeeds again. */
  readonly healthy: boolean
  /** Writes what waits, then closes. */
  stop(): Promise<void>
}

export interface AuditReader {
  /** Entries after `position`, oldest first, at most `limit`. */
  after(
    position: number,
    limit: number,
  ): readonly {
    readonly position: number
    readonly entry: Entry
    readonly canonical: string
    readonly leafHash: string
  }[]
  last(limit: number): readonly {
    readonly position: number
    readonly entry: Entry
    readonly canonical: string
    readonly leafHash: string
  }[]
  get(id: string): Entry | undefined
}
