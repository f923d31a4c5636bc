/** Server-Sent Events (WHATWG HTML, section 9.2), read as bytes come and written as text. Pure. */
import { isUtf8 } from 'node:buffer'
import { Pieces } from './pieces.ts'

/** One event. Its fields are those of its own block: an id is not carried over from an earlier one. */
export interface SseEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  /** Lines joined by a line feed; empty where there were none. */
  readonly data: string
  /** Milliseconds. */
  readonly retry: number | undefined
}

/** Why a stream cannot be read on. */
export type SseFault = 'event_too_large' | 'invalid_utf8'

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Reads a stream. An event without data is given too where it has an id or a `retry`: the event that primes a client of
 * 2025-11-25 is one. What follows the last blank line when the stream ends is no event.
 */
export class SseParser {
  readonly #maxEventBytes: number
  /** Pieces of a line whose end has not come. */
  readonly #partial = new Pieces()
  /** Bytes of the event so far, comments and field names included. */
  #bytes = 0
  #afterCarriageReturn = false
  #first = true
  #fault: SseFault | undefined
  #data: string[] = []
  #id: string | undefined
  #event: string | undefined
  #retry: number | undefined

  /** @param maxEventBytes of all lines of one event together. */
  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes
  }

  /** The events that this chunk completes. After a fault it reads nothing more, and returns the fault. */
  push(chunk: Uint8Array): readonly SseEvent[] | SseFault {
    const events: SseEvent[] = []
    if (this.#fault !== undefined) return this.#fault
    let start = 0
    if (this.#afterCarriageReturn && chunk.length > 0) {
      this.#afterCarriageReturn = false
      if (chunk[0] === lineFeed) start = 1
    }
    let nextReturn = chunk.indexOf(carriageReturn, start)
    let nextFeed = chunk.indexOf(lineFeed, start)
    while (nextFeed >= 0 || nextReturn >= 0) {
      const isReturn = nextReturn >= 0 && (nextFeed < 0 || nextReturn < nextFeed)
      const end = isReturn ? nextReturn : nextFeed
      this.#fault = this.#line(chunk.subarray(start, end), events)
      if (this.#fault !== undefined) return this.#fault
      start = end + 1
      if (isReturn) {
        if (start === chunk.length) this.#afterCarriageReturn = true
        else if (chunk[start] === lineFeed) start++
        nextReturn = chunk.indexOf(carriageReturn, start)
      }
      if (nextFeed >= 0 && nextFeed < start) nextFeed = chunk.indexOf(lineFeed, start)
    }
    if (start < chunk.length) {
      this.#bytes += chunk.length - start
      if (this.#bytes > this.#maxEventBytes) return this.#fail('event_too_large')
      // A copy: the caller may reuse its buffer.
      this.#partial.push(chunk.slice(start))
    }
    return events
  }

  #fail(fault: SseFault): SseFault {
    this.#fault = fault
    this.#partial.take()
    this.#data = []
    return fault
  }

  #line(tail: Uint8Array, events: SseEvent[]): SseFault | undefined {
    this.#bytes += tail.length
    if (this.#bytes > this.#maxEventBytes) return this.#fail('event_too_large')
    let bytes = tail
    if (this.#partial.length > 0) {
      this.#partial.push(tail)
      bytes = this.#partial.take()
    }
    if (this.#first) {
      this.#first = false
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3)
    }
    if (bytes.length === 0) this.#dispatch(events)
    else if (!isUtf8(bytes)) return this.#fail('invalid_utf8')
    else this.#field(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
    return undefined
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1)
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.#retry = Number(value)
  }

  #dispatch(events: SseEvent[]): void {
    const [id, retry] = [this.#id, this.#retry]
    if (this.#data.length > 0 || id !== undefined || retry !== undefined) {
      const [only = ''] = this.#data
      events.push({ id, event: this.#event, data: this.#data.length > 1 ? this.#data.join('\n') : only, retry })
    }
    this.#data = []
    this.#id = undefined
    this.#event = undefined
    this.#retry = undefined
    this.#bytes = 0
  }
}

/**
 * One event as text. An id that would end its line is left out, as is `retry` where it is no number of milliseconds;
 * data may hold line breaks.
 */
export function formatSseEvent(event: Omit<SseEvent, 'event'>): string {
  const id = event.id === undefined || /[\0\r\n]/.test(event.id) ? '' : `id: ${event.id}\n`
  const retry = Number.isSafeInteger(event.retry) && Number(event.retry) >= 0 ? `retry: ${event.retry}\n` : ''
  const data = /[\r\n]/.test(event.data) ? event.data.split(/\r\n|\r|\n/).join('\ndata: ') : event.data
  return `${id}${retry}data: ${data}\n\n`
}

/** A comment: keeps a silent connection open, and carries nothing (MCP 2026-07-28, Streamable HTTP). */
export const sseKeepAlive = ':\n\n'
