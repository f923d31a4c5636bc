/** Bounds of the hand-over from the main thread to the writer thread. */
export interface HandoverLimits {
  /** Longest wait for a record to become durable; an eighth more at most. */
  readonly waitMs: number
  /** Longest time that a record nobody waits for stays on the main thread while the writer is idle. */
  readonly lingerMs: number
  /** From so many at once on, those who wait for a commit are gathered into one. */
  readonly gatherFrom: number
  /** Longest time that they wait for each other. */
  readonly gatherMs: number
  /** Most records on the main thread that somebody waits for; of the others, twice as many. */
  readonly records: number
  /** Most UTF-16 code units of records on the main thread. */
  readonly chars: number
  /** Longest wait of `stop`. */
  readonly stopMs: number
}

export const handoverLimits: HandoverLimits = {
  waitMs: 2000,
  lingerMs: 5,
  gatherFrom: 8,
  gatherMs: 2,
  records: 4096,
  chars: 64 * 1024 * 1024,
  stopMs: 5000,
}
