/**
 * A bound on what one validation may cost. Schemas come from upstreams and arguments from clients; together they can ask
 * for exponential (`anyOf` over `$ref`) or quadratic (`uniqueItems`) work, and validation runs on the main thread.
 */

/** About 0.1 s at worst on the machines that this was measured on. */
const allowance = 2_000_000

/** Thrown into a validation that has spent its allowance. */
export class MeterExhausted extends Error {
  override readonly name = 'MeterExhausted'
}

export interface Meter {
  /** @throws {MeterExhausted} */
  spend(steps: number): void
  reset(): void
}

export function createMeter(): Meter {
  let left = allowance
  return {
    spend(steps) {
      left -= steps
      if (left < 0) throw new MeterExhausted()
    },
    reset() {
      left = allowance
    },
  }
}
