import { createHash, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A configured secret. Prints as `[secret]` wherever it is shown by accident; `reveal` is for the module that presents
 * it, and for nothing else.
 */
export class Secret {
  readonly #value: string
  /** Where it came from, e.g. `${FILES_KEY}`: safe to print. */
  readonly reference: string

  constructor(value: string, reference: string) {
    this.#value = value
    this.reference = reference
  }

  reveal(): string {
    return this.#value
  }

  get length(): number {
    return this.#value.length
  }

  /** In constant time, by digest. */
  equals(other: Secret | string): boolean {
    const theirs = typeof other === 'string' ? other : other.#value
    return timingSafeEqual(digest(this.#value), digest(theirs))
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return `[secret ${this.reference}]`
  }
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
