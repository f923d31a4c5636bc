/**
 * Bytes that come in pieces, kept in one buffer that doubles: whoever sends a byte at a time must not cost us an object
 * for each (threats 91 and 94). One piece alone is kept as it is. Does not bound the whole: the caller does.
 */
export class Pieces {
  #held: Buffer = Buffer.alloc(0)
  #length = 0
  /** The buffer is ours to write into, and no piece of somebody else's. */
  #own = false

  get length(): number {
    return this.#length
  }

  push(piece: Uint8Array): void {
    const needed = this.#length + piece.length
    if (this.#length === 0) {
      this.#held = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      this.#own = false
    } else {
      if (!this.#own || needed > this.#held.length) this.#grow(Math.max(needed, 2 * this.#length))
      this.#held.set(piece, this.#length)
    }
    this.#length = needed
  }

  /** All pieces in their order; nothing is held afterwards. */
  take(): Buffer {
    const whole = this.#held.subarray(0, this.#length)
    this.#held = Buffer.alloc(0)
    this.#length = 0
    this.#own = false
    return whole
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafe(size)
    this.#held.copy(grown, 0, 0, this.#length)
    this.#held = grown
    this.#own = true
  }
}
