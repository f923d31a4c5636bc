import type { RandomBytes } from '../clock.ts'

const idBytes = 16
const batch = 256

/** Ids of requests: 128 bits of randomness as hex, drawn in batches, as one draw for each shows in a profile. */
export class RequestIds {
  readonly #random: RandomBytes
  #hex = ''
  #next = 0

  constructor(random: RandomBytes) {
    this.#random = random
  }

  take(): string {
    if (this.#next >= this.#hex.length) {
      this.#hex = this.#random(idBytes * batch).toString('hex')
      this.#next = 0
    }
    const start = this.#next
    this.#next += idBytes * 2
    return this.#hex.slice(start, this.#next)
  }
}
