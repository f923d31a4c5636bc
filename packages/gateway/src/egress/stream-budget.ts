/** A principal's streams at one upstream: as many as it may have sessions. */
const maxEach = 64
/** Of all principals; the other connections are left for calls, which end. */
const maxTotal = 192

/**
 * Counts the streams that last for as long as their client likes, so that nobody takes every connection to an upstream
 * (threat 101).
 */
export class StreamBudget {
  readonly #byOwner = new Map<string, number>()
  #total = 0

  /** False where there is no room; who was let in has to `leave`. */
  enter(owner: string): boolean {
    const own = this.#byOwner.get(owner) ?? 0
    if (own >= maxEach || this.#total >= maxTotal) return false
    this.#byOwner.set(owner, own + 1)
    this.#total++
    return true
  }

  leave(owner: string): void {
    const own = this.#byOwner.get(owner) ?? 0
    if (own > 1) this.#byOwner.set(owner, own - 1)
    else this.#byOwner.delete(owner)
    this.#total--
  }
}
