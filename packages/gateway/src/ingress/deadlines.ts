import type { Clock } from '../clock.ts'

export interface Deadline {
  readonly atMs: number
  readonly expire: () => void
}

/**
 * Deadlines of one length: one timer for all of them, as a timer for each request is a cost that shows. They expire in
 * the order in which they were added, up to a timer's imprecision late.
 */
export class Deadlines {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #afterMs: number
  readonly #waiting = new Set<Deadline>()
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Pick<Clock, 'monotonic'>, afterMs: number) {
    this.#clock = clock
    this.#afterMs = afterMs
  }

  add(expire: () => void): Deadline {
    const deadline = { atMs: this.#clock.monotonic() + this.#afterMs, expire }
    this.#waiting.add(deadline)
    if (this.#timer === undefined) this.#arm(this.#afterMs)
    return deadline
  }

  /** Without effect on one that expired or was removed. */
  remove(deadline: Deadline): void {
    this.#waiting.delete(deadline)
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.max(afterMs, 1))
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = undefined
    const now = this.#clock.monotonic()
    const due: Deadline[] = []
    for (const deadline of this.#waiting) {
      if (deadline.atMs > now) {
        this.#arm(deadline.atMs - now)
        break
      }
      due.push(deadline)
    }
    for (const deadline of due) if (this.#waiting.delete(deadline)) deadline.expire()
  }
}
