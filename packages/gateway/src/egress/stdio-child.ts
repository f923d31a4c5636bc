import { isUtf8 } from 'node:buffer'
import type { Clock } from '../clock.ts'
import type { Era } from '../mcp/call.ts'
import { type Envelope, splitEnvelope } from '../mcp/envelope.ts'
import { metaKeys } from '../mcp/meta.ts'
import { parseObject } from './messages.ts'
import type { EgressLog } from './results.ts'
import { type ProcessOptions, StdioProcess } from './stdio-process.ts'

/** One message of a child, for the request that it belongs to. */
export interface ChildMessage {
  readonly envelope: Envelope
  readonly text: string
  readonly bytes: Buffer
}

/** A request under way at a child, or a stream that listens. */
export interface Waiter {
  take(message: ChildMessage): void
  /** The child has ended: whether it ran the request is not known. */
  lost(why: string): void
}

/** Lines that are no message; some servers print to standard output at their start. */
const maxJunkLines = 1_000
/** Messages within a second that nobody asked for: more of them take time from every other upstream. */
const maxUnasked = 2_000
const second = 1_000
const maxListeners = 16

/**
 * A running child and what it has been asked. Gives each message to whom it concerns, and answers the child's own
 * requests: it was told of no client capability, so it has none to make.
 */
export class StdioChild {
  /** Of its handshake; set once it is ready. */
  era: Era = 'modern'
  /** The result of `initialize`, of the earlier era. */
  initialized: Readonly<Record<string, unknown>> = {}
  readonly pending = new Map<number, Waiter>()
  readonly listeners = new Set<Waiter>()
  readonly environment: Readonly<Record<string, string>>
  /** Of one principal: then what names no request concerns nobody else either. */
  readonly #exclusive: boolean
  /** Undefined while it runs. */
  endedBy: string | undefined
  readonly #process: StdioProcess
  readonly #log: EgressLog
  readonly #upstream: string
  readonly #onEnd: () => void
  readonly #clock: Clock
  #junk = 0
  #unasked = 0
  #unaskedFromMs = 0

  /** @param environment of the credential, to tell whether it is still the one to present. */
  constructor(
    options: ProcessOptions & { readonly exclusive: boolean; readonly clock: Clock },
    environment: Readonly<Record<string, string>>,
    onEnd: () => void,
  ) {
    this.environment = environment
    this.#exclusive = options.exclusive
    this.#clock = options.clock
    this.#log = options.log
    this.#upstream = options.upstream
    this.#onEnd = onEnd
    this.#process = new StdioProcess(options, {
      line: (line) => this.#line(line),
      ended: (why) => this.#ended(why),
    })
  }

  get idle(): boolean {
    return this.pending.size === 0 && this.listeners.size === 0
  }

  write(line: Buffer): boolean {
    return this.#process.write(line)
  }

  /** A message of our own, with nothing of a client's in it. */
  tell(message: Readonly<Record<string, unknown>>): boolean {
    return this.#process.write(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`, 'utf8'))
  }

  listen(waiter: Waiter): boolean {
    if (this.listeners.size >= maxListeners) return false
    this.listeners.add(waiter)
    return true
  }

  kill(why: string): void {
    this.#process.kill(why)
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }

  #ended(why: string): void {
    this.endedBy = why
    const waiters = [...this.pending.values(), ...this.listeners]
    this.pending.clear()
    this.listeners.clear()
    for (const waiter of waiters) waiter.lost(why)
    this.#onEnd()
  }

  #line(bytes: Buffer): void {
    try {
      const text = isUtf8(bytes) ? bytes.toString('utf8') : ''
      const envelope = splitEnvelope(text)
      if (envelope === undefined) this.#notAMessage()
      else this.#route({ envelope, text, bytes })
    } catch (error) {
      // A fault of ours must not reach the event loop from a child's output.
      this.#log.warn(
        { upstream: this.#upstream, error: error instanceof Error ? error.name : 'unknown' },
        'a line was not handled',
      )
      this.#process.kill('a line was not handled')
    }
  }

  #notAMessage(): void {
    this.#junk++
    if (this.#junk === 1) this.#log.warn({ upstream: this.#upstream }, 'a child writes lines that are no messages')
    if (this.#junk > maxJunkLines) this.#process.kill(`wrote more than ${maxJunkLines} lines that are no messages`)
  }

  #notAsked(): void {
    const now = this.#clock.monotonic()
    if (now - this.#unaskedFromMs >= second) {
      this.#unaskedFromMs = now
      this.#unasked = 0
    }
    this.#unasked++
    if (this.#unasked > maxUnasked) this.#process.kill(`wrote more than ${maxUnasked} messages a second unasked`)
  }

  #route(message: ChildMessage): void {
    const { envelope } = message
    if (envelope.kind === 'response') {
      const waiter = typeof envelope.id === 'number' ? this.pending.get(envelope.id) : undefined
      if (waiter !== undefined) waiter.take(message)
      // One that nobody waits for is late: it was cancelled, or its client has gone.
      else this.#notAsked()
    } else if (envelope.kind === 'request') {
      this.#notAsked()
      if (envelope.method === 'ping') this.tell({ id: envelope.id, result: {} })
      else this.tell({ id: envelope.id, error: { code: -32601, message: 'method not found' } })
    } else {
      this.#notify(message)
    }
  }

  #notify(message: ChildMessage): void {
    const related = relatedId(message)
    const waiter = related === undefined ? undefined : this.pending.get(related)
    if (waiter !== undefined) {
      waiter.take(message)
      return
    }
    this.#notAsked()
    if (related !== undefined) return
    if (!this.#exclusive) return
    // What names no request goes to those who listen; else to the only request there is, if there is just one.
    if (this.listeners.size > 0) for (const listener of this.listeners) listener.take(message)
    else if (this.pending.size === 1) for (const waiter of this.pending.values()) waiter.take(message)
  }
}

/** Our id of the request that a notification names; undefined where it names none, NaN where it names one that is not ours. */
function relatedId({ envelope, text }: ChildMessage): number | undefined {
  const params = parseObject(text)?.['params']
  if (typeof params !== 'object' || params === null) return undefined
  const fields = params as Record<string, unknown>
  const meta = fields['_meta']
  const subscription =
    typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[metaKeys.subscriptionId] : undefined
  const named =
    envelope.method === 'notifications/progress'
      ? fields['progressToken']
      : envelope.method === 'notifications/cancelled'
        ? fields['requestId']
        : subscription
  if (
    named === undefined &&
    envelope.method !== 'notifications/progress' &&
    envelope.method !== 'notifications/cancelled'
  )
    return undefined
  return typeof named === 'number' ? named : Number.NaN
}
