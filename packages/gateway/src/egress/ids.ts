import type { RandomBytes } from '../clock.ts'

/**
 * Ids of what we send. Unique within this gateway's life, and from a random start, so that no client can foretell one
 * and provoke an answer to somebody else's request (CVE-2026-25536: ids that collided leaked responses).
 */
export class Ids {
  #next: number

  constructor(random: RandomBytes) {
    // 46 bits: room for 2^52 more before an integer stops being safe.
    this.#next = random(6).readUIntBE(0, 6) % 2 ** 46
  }

  take(): number {
    this.#next += 1
    return this.#next
  }
}

const batch = 64
const bytesEach = 24

/** `traceparent` values (W3C Trace Context, level 1), minted here: a client's own could carry what it likes. Never sampled. */
export class TraceParents {
  readonly #random: RandomBytes
  #hex = ''
  #at = 0

  constructor(random: RandomBytes) {
    this.#random = random
  }

  take(): string {
    if (this.#at === this.#hex.length) {
      this.#hex = this.#random(batch * bytesEach).toString('hex')
      this.#at = 0
    }
    const at = this.#at
    this.#at = at + bytesEach * 2
    return `00-${this.#hex.slice(at, at + 32)}-${this.#hex.slice(at + 32, at + 48)}-00`
  }
}
