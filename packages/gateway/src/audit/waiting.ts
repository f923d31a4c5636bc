import type { HandoverLimits } from './limits.ts'
import type { LogUnavailable } from './port.ts'
import type { WriterData } from './serve-writer.ts'

/** Somebody who waits for a record. One of `durable` and `failed` is called, once; `late` only after `failed`. */
export interface Waiter {
  durable(seq: number): void
  failed(error: LogUnavailable): void
  /** It became durable after all. */
  late(seq: number): void
}

export interface HandoverOptions {
  /** The writer thread's module. */
  readonly module: URL
  readonly data: Omit<WriterData, 'mayCreate'>
  readonly limits: HandoverLimits
  readonly monotonic: () => number
  readonly onError: (error: Error) => void
  readonly onCommit: (records: number, ms: number) => void
  /** The record of an event of the log itself. */
  readonly eventRecord: (detail: string, count?: number) => string
}

export interface Waiting {
  readonly text: string
  readonly waiter: Waiter | undefined
  readonly expiresAtTick: number
  expired: boolean
}

export interface Batch {
  readonly endSeq: number
  readonly records: readonly Waiting[]
  readonly text: string
  readonly postedMs: number
}
