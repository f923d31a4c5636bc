import type { Relay, RelayedEvent } from './port.ts'

/**
 * Hands events to a relay no faster than the client takes them. What arrives while it waits is queued: at most what one
 * read brought for HTTP, where the upstream is paused; what the owner allows by `queued` for stdio.
 */
export class Flow {
  readonly #relay: Relay
  readonly #onRoom: () => void
  #queue: RelayedEvent[] = []
  #begun = false
  #waiting = false
  #closed = false
  #whenEmpty: (() => void) | undefined
  /** Characters of the events that wait. */
  queued = 0

  /** @param onRoom the client has caught up. */
  constructor(relay: Relay, onRoom: () => void) {
    this.#relay = relay
    this.#onRoom = onRoom
  }

  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#relay.begin()
  }

  /** False where the client is behind: stop reading until `onRoom`. */
  push(event: RelayedEvent): boolean {
    if (this.#closed) return true
    this.begin()
    if (this.#waiting) {
      this.#queue.push(event)
      this.queued += event.data.length
      return false
    }
    if (this.#relay.event(event)) return true
    this.#wait()
    return false
  }

  /** Calls back once every event is with the relay; at once where none waits. */
  whenEmpty(callback: () => void): void {
    if (this.#closed || (!this.#waiting && this.#queue.length === 0)) callback()
    else this.#whenEmpty = callback
  }

  /** The client has gone: what waits is dropped. */
  close(): void {
    this.#closed = true
    this.#queue = []
    this.queued = 0
    this.#whenEmpty = undefined
  }

  #wait(): void {
    this.#waiting = true
    const again = () => this.#resume()
    this.#relay.drained().then(again, again)
  }

  #resume(): void {
    this.#waiting = false
    try {
      if (!this.#deliver()) return
    } catch {
      // A relay that fails takes nothing more; the upstream's answer still counts.
      this.#closed = true
      this.#queue = []
      this.queued = 0
    }
    const whenEmpty = this.#whenEmpty
    this.#whenEmpty = undefined
    if (whenEmpty !== undefined) whenEmpty()
    else this.#onRoom()
  }

  /** False where the client is behind again. */
  #deliver(): boolean {
    while (this.#queue.length > 0) {
      const event = this.#queue.shift() as RelayedEvent
      this.queued -= event.data.length
      if (!this.#relay.event(event)) {
        this.#wait()
        return false
      }
    }
    return true
  }
}
