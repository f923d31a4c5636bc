/** Time as an argument. `server.ts` and the command line make the real one; tests make their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number
}

/** Randomness as an argument. */
export type RandomBytes = (length: number) => Buffer
