import { setTimeout as sleep } from 'node:timers/promises'
import { batchText } from './log-file.ts'
import { LogUnavailable } from './port.ts'
import type { FromWriter } from './serve-writer.ts'
import type { Batch, HandoverOptions, Waiter, Waiting } from './waiting.ts'
import { startWriterThread, type WriterThread } from './writer-thread.ts'

const ticksPerWait = 8
const firstRetryMs = 100
const longestRetryMs = 1000

/**
 * Hands records to the writer thread in batches. While one batch is being committed the next one gathers, so that under
 * load a commit is shared by all that came meanwhile; and a crowd waits a little for those whom the last commit released,
 * or it would split into two that take turns, each paying for commits of its own.
 *
 * INVARIANT: a batch once posted is never changed, and posted again until it is durable: sequence numbers have no gaps,
 * and a batch whose commit failed half-way is never written twice. What expired before it was posted is never written.
 */
export class Handover {
  readonly #options: HandoverOptions
  /** Undefined while it starts. */
  #thread: WriterThread | undefined
  #state: 'open' | 'stopping' | 'closed' = 'open'
  #healthy = true
  #outageNoted = false
  #queue: Waiting[] = []
  #chars = 0
  #awaited = 0
  #lost = 0
  #inFlight: Batch | undefined
  #lastSeq = 0
  #tick = 0
  #retryMs = firstRetryMs
  #retry: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  #gathering: NodeJS.Timeout | undefined
  /** How many waited for the last commit or came during it: who is soon to wait again. */
  #crowd = 0
  #flushing: NodeJS.Immediate | undefined
  #idle: (() => void) | undefined

  private constructor(options: HandoverOptions) {
    this.#options = options
  }

  /** @throws what kept the writer from opening the log. */
  static async start(options: HandoverOptions): Promise<Handover> {
    const handover = new Handover(options)
    const opened = await handover.#startThread(true)
    if (typeof opened === 'number') return handover
    await handover.#end()
    throw new Error(opened)
  }

  get healthy(): boolean {
    return this.#healthy
  }

  /** Records that are not durable yet. */
  get waiting(): number {
    return this.#queue.length + (this.#inFlight?.records.length ?? 0)
  }

  /** A record that somebody waits for. */
  submitAwaited(text: string, waiter: Waiter): void {
    const { records, chars } = this.#options.limits
    if (this.#state !== 'open') waiter.failed(new LogUnavailable('the log is closed'))
    else if (this.#awaited >= records) waiter.failed(new LogUnavailable(`${records} entries wait already`))
    else if (this.#chars >= chars) waiter.failed(new LogUnavailable(`entries of ${chars} characters wait already`))
    else {
      this.#awaited++
      this.#push({ text, waiter, expiresAtTick: this.#tick + ticksPerWait + 1, expired: false })
      this.#watch ??= setInterval(this.#onTick, this.#options.limits.waitMs / ticksPerWait)
      if (this.#gathering === undefined || this.#awaited >= this.#crowd) this.#flushSoon()
    }
  }

  /** A record that nobody waits for. Where too many wait it is lost, and the loss is recorded. */
  submit(text: string): void {
    const { records, chars } = this.#options.limits
    const others = this.#queue.length - this.#awaited
    if (this.#state === 'closed' || others >= 2 * records || this.#chars >= 2 * chars) {
      this.#lost++
      if (this.#lost === 1)
        this.#options.onError(new Error('an audit entry was lost: too many wait, or the log is closed'))
      return
    }
    this.#push({ text, waiter: undefined, expiresAtTick: Number.POSITIVE_INFINITY, expired: false })
    this.#flushInTime()
  }

  /** Writes what waits, for a bounded time, then closes the file and ends the thread. */
  async stop(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'stopping'
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    this.#proceed()
    const giveUp = new AbortController()
    await Promise.race([idle, sleep(this.#options.limits.stopMs, undefined, giveUp).catch(() => {})])
    giveUp.abort()
    for (const record of [...(this.#inFlight?.records ?? []), ...this.#queue]) this.#expire(record, 'the log is closed')
    if (this.waiting > 0) this.#options.onError(new Error(`${this.waiting} audit entries could not be written`))
    await this.#end()
  }

  readonly #onTick = (): void => {
    this.#tick++
    const why = `not durable within ${this.#options.limits.waitMs} ms`
    const due = (record: Waiting) => record.expiresAtTick <= this.#tick && !record.expired
    const late = [...(this.#inFlight?.records ?? []).filter(due), ...this.#queue.filter(due)]
    for (const record of late) this.#expire(record, why)
    if (late.length > 0) {
      this.#queue = this.#queue.filter(({ expired }) => !expired)
      this.#chars = this.#queue.reduce((sum, { text }) => sum + text.length, 0)
      this.#awaited = this.#queue.reduce((sum, { waiter }) => sum + (waiter === undefined ? 0 : 1), 0)
      this.#unhealthy(why)
    }
    if (this.#awaited === 0 && this.#inFlight === undefined) {
      clearInterval(this.#watch)
      this.#watch = undefined
    }
  }

  readonly #onLinger = (): void => {
    this.#linger = undefined
    this.#flush()
  }

  readonly #onFlush = (): void => {
    this.#flushing = undefined
    this.#flush()
  }

  readonly #onGathered = (): void => {
    this.#gathering = undefined
    if (this.#awaited > 0) this.#flushSoon()
  }

  #push(record: Waiting): void {
    this.#queue.push(record)
    this.#chars += record.text.length
  }

  #expire(record: Waiting, why: string): void {
    if (record.waiter === undefined || record.expired) return
    record.expired = true
    record.waiter.failed(new LogUnavailable(why))
  }

  /** At the end of this turn of the event loop, so that all that came within it share a commit. */
  #flushSoon(): void {
    if (this.#inFlight === undefined) this.#flushing ??= setImmediate(this.#onFlush)
  }

  #flushInTime(): void {
    this.#linger ??= setTimeout(this.#onLinger, this.#options.limits.lingerMs)
  }

  #flush(): void {
    if (this.#inFlight !== undefined || this.#thread === undefined || this.#queue.length === 0) return
    if (this.#lost > 0) {
      const text = this.#options.eventRecord(`${this.#lost} entries were lost while too many waited`, this.#lost)
      this.#push({ text, waiter: undefined, expiresAtTick: Number.POSITIVE_INFINITY, expired: false })
      this.#lost = 0
    }
    clearTimeout(this.#gathering)
    clearTimeout(this.#linger)
    this.#gathering = undefined
    this.#linger = undefined
    this.#crowd = this.#awaited
    const records = this.#queue
    const text = batchText(this.#lastSeq + 1, records)
    this.#queue = []
    this.#chars = 0
    this.#awaited = 0
    this.#inFlight = { endSeq: this.#lastSeq + records.length, records, text, postedMs: this.#options.monotonic() }
    this.#thread.post(text)
  }

  #onAnswer(answer: FromWriter): void {
    if (typeof answer === 'string') {
      this.#unhealthy(answer)
      this.#again(() => this.#resume())
    } else if (this.#inFlight !== undefined && answer >= this.#inFlight.endSeq) this.#committed(this.#inFlight)
  }

  #committed({ endSeq, records, postedMs }: Batch): void {
    this.#inFlight = undefined
    this.#lastSeq = endSeq
    this.#healthy = true
    this.#outageNoted = false
    this.#retryMs = firstRetryMs
    this.#options.onCommit(records.length, this.#options.monotonic() - postedMs)
    let seq = endSeq - records.length
    for (const { waiter, expired } of records) {
      seq++
      if (expired) waiter?.late(seq)
      else waiter?.durable(seq)
    }
    this.#proceed()
  }

  /** What comes after a commit, or at the start of stopping. */
  #proceed(): void {
    this.#crowd += this.#awaited
    if (this.#state === 'stopping') this.#flushSoon()
    else if (this.#crowd >= this.#options.limits.gatherFrom) {
      this.#gathering ??= setTimeout(this.#onGathered, this.#options.limits.gatherMs)
    } else if (this.#awaited > 0) this.#flushSoon()
    else if (this.#queue.length > 0) this.#flushInTime()
    if (this.waiting === 0) this.#idle?.()
  }

  #unhealthy(why: string): void {
    this.#healthy = false
    if (this.#outageNoted) return
    this.#outageNoted = true
    this.#options.onError(new Error(`the audit log cannot be written: ${why}`))
    this.submit(this.#options.eventRecord(`the log could not be written: ${why}`))
  }

  /** After a pause that grows while the trouble lasts. */
  #again(act: () => void): void {
    if (this.#state === 'closed') return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(act, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs)
  }

  /** Posts again what is not known to be durable; where it is, the thread finds it in the file. */
  #resume(): void {
    if (this.#inFlight !== undefined) this.#thread?.post(this.#inFlight.text)
    else this.#flush()
  }

  async #startThread(mayCreate: boolean): Promise<FromWriter> {
    const { module, data } = this.#options
    const { thread, opened } = await startWriterThread({
      module,
      data: { ...data, mayCreate },
      onAnswer: (answer) => this.#onAnswer(answer),
      onDeath: (why) => {
        this.#thread = undefined
        this.#restart(why)
      },
    })
    this.#thread = thread
    if (this.#state === 'closed') await thread?.end()
    return opened
  }

  #restart(why: string): void {
    this.#unhealthy(why)
    this.#again(() => {
      this.#startThread(false).then(
        (opened) => {
          if (this.#thread === undefined) this.#restart(String(opened))
          else if (typeof opened === 'string') this.#onAnswer(opened)
          else this.#resume()
        },
        (error) => this.#restart(String(error)),
      )
    })
  }

  async #end(): Promise<void> {
    this.#state = 'closed'
    clearTimeout(this.#retry)
    clearTimeout(this.#linger)
    clearTimeout(this.#gathering)
    clearInterval(this.#watch)
    clearImmediate(this.#flushing)
    await this.#thread?.end()
  }
}
