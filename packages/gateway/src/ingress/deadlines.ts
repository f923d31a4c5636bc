import type { Clock } from '../clock.ts'

export interface Deadline {
  readonly atMs: number
  /** Undefined once it expired or was removed. */
  expire: (() => void) | undefined
}

/** Fewer than this are not worth cleaning up. */
const tidyFrom = 256

/**
 * Deadlines of one length: one timer for all of them, as a timer for each request is a cost that shows. They expire in
 * the order in which they were added, up to a timer's imprecision late.
 *
 * In an array, and not in a Set: a Set leaves a chain of outgrown tables behind, each pointing to the next, and through
 * them V8 takes every request for alive until its next full collection.
 */
export class Deadlines {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #afterMs: number
  /** In the order of their time; those that are over stay until there are too many of them. */
  readonly #waiting: Deadline[] = []
  #live = 0
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Pick<Clock, 'monotonic'>, afterMs: number) {
    this.#clock = clock
    this.#afterMs = afterMs
  }

  add(expire: () => void): Deadline {
    const deadline: Deadline = { atMs: this.#clock.monotonic() + this.#afterMs, expire }
    this.#waiting.push(deadline)
    this.#live += 1
    if (this.#timer === undefined) this.#arm(this.#afterMs)
    return deadline
  }

  /** Without effect on one that expired or was removed. */
  remove(deadline: Deadline): void {
    if (deadline.expire === undefined) return
    deadline.expire = undefined
    this.#live -= 1
    if (this.#waiting.length >= tidyFrom && this.#waiting.length > 2 * this.#live) this.#tidy()
  }

  #tidy(): void {
    let kept = 0
    for (const deadline of this.#waiting) if (deadline.expire !== undefined) this.#waiting[kept++] = deadline
    this.#waiting.length = kept
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.max(afterMs, 1))
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = undefined
    this.#tidy()
    const now = this.#clock.monotonic()
    const later = this.#waiting.findIndex(({ atMs }) => atMs > now)
    const due = this.#waiting.splice(0, later === -1 ? this.#waiting.length : later)
    const [next] = this.#waiting
    if (next !== undefined) this.#arm(next.atMs - now)
    for (const deadline of due) {
      const { expire } = deadline
      if (expire === undefined) continue
      deadline.expire = undefined
      this.#live -= 1
      expire()
    }
  }
}
