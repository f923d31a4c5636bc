import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { MessagePort } from 'node:worker_threads'
import { type LogFile, openLogFile, parseBatch } from './log-file.ts'

/** What the main thread gives a writer thread at its start. */
export interface WriterData {
  readonly file: string
  readonly writer: string
  readonly commitmentKey: Uint8Array
  /** False at the first start only: a log that has vanished is never begun anew. */
  readonly mayCreate: boolean
}

/** A batch as `batchText` makes it, or `null` to end. */
export type ToWriter = string | null

/** The last durable sequence number, or why the last batch is not known to be durable. The first one says how opening went. */
export type FromWriter = number | string

/**
 * The writer thread: makes each batch durable in one transaction and says so. After an error it opens the file anew at
 * the next batch, which is the failed one again.
 */
export function serveWriter(
  port: Pick<MessagePort, 'postMessage' | 'on' | 'close'>,
  data: WriterData,
  open?: (file: string) => DatabaseSync,
): void {
  let mayCreate = data.mayCreate
  let log: LogFile | undefined

  const opened = (): LogFile => {
    if (log !== undefined) return log
    if (!mayCreate && !existsSync(data.file)) throw new Error(`${data.file} is gone; put it back`)
    log = openLogFile(data.file, data.writer, data.commitmentKey, open)
    mayCreate = false
    return log
  }
  const reply = (act: () => LogFile): void => {
    let answer: FromWriter
    try {
      answer = act().lastSeq
    } catch (error) {
      log?.close()
      log = undefined
      answer = error instanceof Error ? error.message : String(error)
    }
    port.postMessage(answer)
  }

  reply(opened)
  port.on('message', (message: ToWriter) => {
    if (message === null) {
      log?.close()
      port.close()
      return
    }
    reply(() => {
      const { firstSeq, records } = parseBatch(message)
      const file = opened()
      file.append(firstSeq, records)
      return file
    })
  })
}
