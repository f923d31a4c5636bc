import type { Clock } from '../clock.ts'
import type { StdioChild } from './stdio-child.ts'

/** Of all upstreams together, and of one. */
const maxChildren = 256
export const maxChildrenEach = 64
const firstBackoffMs = 250
const longestBackoffMs = 30_000
const maxRemembered = 1_024

/** The children of all stdio upstreams: counted, and ended with the gateway whatever ends it. */
export class Children {
  readonly #running = new Set<StdioChild>()
  readonly #onExit = () => {
    for (const child of this.#running) child.kill('the gateway has ended')
  }

  get full(): boolean {
    return this.#running.size >= maxChildren
  }

  add(child: StdioChild): void {
    if (this.#running.size === 0) process.on('exit', this.#onExit)
    this.#running.add(child)
  }

  delete(child: StdioChild): void {
    if (this.#running.delete(child) && this.#running.size === 0) process.off('exit', this.#onExit)
  }
}

/** When a child that ended of its own may be started again. One principal's crashes are no other's wait. */
export class Backoff {
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; notBeforeMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds to wait; 0 for none. */
  wait(key: string): number {
    const failure = this.#failures.get(key)
    return failure === undefined ? 0 : Math.max(0, failure.notBeforeMs - this.#clock.monotonic())
  }

  failed(key: string): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    this.#failures.delete(key)
    if (this.#failures.size >= maxRemembered) {
      const oldest = this.#failures.keys().next()
      if (oldest.done !== true) this.#failures.delete(oldest.value)
    }
    const waitMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(count - 1, 12))
    this.#failures.set(key, { count, notBeforeMs: this.#clock.monotonic() + waitMs })
  }

  /** A child ran well for as long as the longest wait. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  get longestMs(): number {
    return longestBackoffMs
  }
}
