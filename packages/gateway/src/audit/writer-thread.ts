import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { FromWriter, ToWriter, WriterData } from './serve-writer.ts'

export interface WriterThreadOptions {
  /** The thread's module. */
  readonly module: URL
  readonly data: WriterData
  readonly onAnswer: (answer: FromWriter) => void
  /** The thread ended unasked, after it had given its first answer. */
  readonly onDeath: (why: string) => void
}

export interface WriterThread {
  post(message: ToWriter): void
  /** Asks the thread to close the file and to end; ends it where it has not within a second. */
  end(): Promise<void>
}

const endMs = 1000

/** Starts a writer thread. `opened` is its first answer; where it ended before it gave one, why, and no thread. */
export async function startWriterThread({
  module,
  data,
  onAnswer,
  onDeath,
}: WriterThreadOptions): Promise<{ readonly thread: WriterThread | undefined; readonly opened: FromWriter }> {
  const worker = new Worker(module, { name: 'audit-writer', workerData: data, env: {}, execArgv: [] })
  const exited = once(worker, 'exit')
  let answered = false
  let ending = false
  let why = 'the writer thread ended'
  worker.on('error', (error) => {
    why = `the writer thread ended: ${error instanceof Error ? error.message : String(error)}`
  })

  const opened = await new Promise<FromWriter>((resolve) => {
    worker.on('message', (answer: FromWriter) => {
      if (answered) return onAnswer(answer)
      answered = true
      resolve(answer)
    })
    worker.once('exit', () => {
      if (!answered) resolve(why)
      else if (!ending) onDeath(why)
    })
  })
  const thread: WriterThread = {
    post: (message) => worker.postMessage(message),
    async end() {
      ending = true
      worker.postMessage(null)
      const giveUp = new AbortController()
      await Promise.race([exited, sleep(endMs, undefined, giveUp).catch(() => {})])
      giveUp.abort()
      await worker.terminate()
    },
  }
  return { thread: answered ? thread : undefined, opened }
}
