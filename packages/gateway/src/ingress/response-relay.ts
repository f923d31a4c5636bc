import type { ServerResponse } from 'node:http'
import type { Relay, RelayedEvent } from '../egress/port.ts'
import { formatSseEvent, sseKeepAlive } from '../mcp/sse.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import { onDeparture } from './departures.ts'
import type { UnreadAnswers } from './unread-answers.ts'

export interface RelayOptions {
  /** Names and values in turn, told when the stream begins. */
  readonly headers: () => readonly string[]
  /** Called whenever the stream shows that it is alive. */
  readonly touch: () => void
  readonly keepAlive: Deadlines
  readonly slowReader: Deadlines
  readonly unread: UnreadAnswers
  /** Waiting in the socket, beside the event being written. */
  readonly bufferedBytes: number
}

/** A stream of events towards one client, over its HTTP response. A client that does not read is cut off (threat 95). */
export class ResponseRelay implements Relay {
  readonly #response: ServerResponse
  readonly #options: RelayOptions
  #waiting: (() => void)[] = []
  #draining = false
  #begun = false
  #silence: Deadline | undefined
  #slow: Deadline | undefined

  constructor(response: ServerResponse, options: RelayOptions) {
    this.#response = response
    this.#options = options
  }

  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    if (this.#begun || this.#over) return
    this.#begun = true
    this.#awaitDrain()
    this.#response.writeHead(200, [
      'content-type',
      'text/event-stream',
      'cache-control',
      'no-store',
      'x-accel-buffering',
      'no',
      'x-content-type-options',
      'nosniff',
      ...this.#options.headers(),
    ])
    this.#response.flushHeaders()
    this.#awaitSilence()
  }

  event(event: RelayedEvent): boolean {
    return this.#write(formatSseEvent(event))
  }

  drained(): Promise<void> {
    if (this.#over || !this.#response.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  onGone(callback: () => void): () => void {
    const { socket } = this.#response.req
    const gone = () => {
      if (!this.#response.writableFinished) callback()
    }
    if (!socket.destroyed && !this.#response.destroyed) return onDeparture(socket, gone)
    gone()
    return () => {}
  }

  /** Ends the stream, with this event as its last where there is one. */
  end(last: RelayedEvent | undefined): void {
    this.#stopTimers()
    this.endWith(last === undefined ? undefined : formatSseEvent(last))
  }

  /** Ends the response. Whoever does not take the rest of it in time is cut off. */
  endWith(text: string | undefined): void {
    if (this.#over) return
    this.#response.end(text)
    const { socket } = this.#response
    // Without a socket it waits behind the answer to an earlier request of the same connection.
    if (socket === null || socket.writableLength > 0) {
      this.#awaitDrain()
      this.#awaitReader()
    }
  }

  get #over(): boolean {
    return this.#response.destroyed || this.#response.writableEnded
  }

  #write(text: string): boolean {
    if (this.#over) return true
    if (this.#response.writableLength > this.#options.bufferedBytes) {
      this.#response.destroy()
      return true
    }
    this.#options.touch()
    this.#awaitSilence()
    const room = this.#response.write(text)
    if (!room) this.#awaitReader()
    return room
  }

  #awaitSilence(): void {
    const { keepAlive } = this.#options
    if (this.#silence !== undefined) keepAlive.remove(this.#silence)
    this.#silence = keepAlive.add(this.#breakSilence)
  }

  /** A comment is of no use to a reader who is behind already; once it has caught up, silence counts anew. */
  readonly #breakSilence = (): void => {
    this.#silence = undefined
    if (!this.#over && !this.#response.writableNeedDrain) this.#write(sseKeepAlive)
  }

  #awaitReader(): void {
    this.#slow ??= this.#options.slowReader.add(() => this.#response.destroy())
    this.#options.unread.set(this.#response, this.#response.writableLength)
  }

  #awaitDrain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#response.on('drain', () => {
      this.#stopSlow()
      this.#release()
      if (this.#begun && !this.#over) this.#awaitSilence()
    })
    this.#response.once('close', () => {
      this.#stopTimers()
      this.#release()
    })
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #stopSlow(): void {
    if (this.#slow === undefined) return
    this.#options.slowReader.remove(this.#slow)
    this.#options.unread.remove(this.#response)
    this.#slow = undefined
  }

  #stopTimers(): void {
    if (this.#silence !== undefined) this.#options.keepAlive.remove(this.#silence)
    this.#silence = undefined
    this.#stopSlow()
  }
}
