/**
 * What waits for slow readers, of all clients together. Each of them is given its time, but not all of our memory: where
 * too much waits, whoever has kept us waiting longest is cut off (threat 95).
 */
export class UnreadAnswers {
  readonly #maxBytes: number
  /** The one that began to wait first stands first. */
  readonly #waiting = new Map<{ destroy(): unknown }, number>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param bytes that wait now; replaces what was said of this one before. */
  set(response: { destroy(): unknown }, bytes: number): void {
    this.#bytes += bytes - (this.#waiting.get(response) ?? 0)
    this.#waiting.set(response, bytes)
    for (const oldest of this.#waiting.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.remove(oldest)
      oldest.destroy()
    }
  }

  /** Without effect on one that does not wait. */
  remove(response: { destroy(): unknown }): void {
    this.#bytes -= this.#waiting.get(response) ?? 0
    this.#waiting.delete(response)
  }
}
