/**
 * A process: sends calls over so many connections, one at a time on each, and checks every answer. Reads one line of
 * JSON per task on standard input, `{url, token, calls, concurrency}`, and prints one line for each when it is done.
 */
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { answerMark, buildRequest, idDigits } from './request.ts'

export interface Task {
  readonly url: string
  readonly token: string
  readonly calls: number
  readonly concurrency: number
}

export interface Outcome {
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const firstId = 10 ** (idDigits - 1)

async function perform(task: Task): Promise<Outcome> {
  const url = new URL(task.url)
  const sockets = await Promise.all(Array.from({ length: task.concurrency }, () => opened(url)))
  const latencies = new Float64Array(task.calls)
  const counter = { next: 0, done: 0 }
  const started = performance.now()
  try {
    await Promise.all(sockets.map((socket) => drive(socket, buildRequest(url, task.token), counter, latencies)))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  const seconds = (performance.now() - started) / 1_000
  if (counter.done !== task.calls) throw new Error(`${counter.done} of ${task.calls} calls were answered`)
  latencies.sort()
  const quantile = (q: number): number => latencies[Math.min(task.calls - 1, Math.floor(q * task.calls))] ?? 0
  return { seconds, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

function opened(url: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => resolve(socket))
    socket.setNoDelay(true)
    socket.once('error', reject)
  })
}

/** One connection: the next request leaves when the answer to the last one is complete. */
function drive(
  socket: Socket,
  request: { readonly bytes: Buffer; readonly idAt: number },
  counter: { next: number; done: number },
  latencies: Float64Array,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let call = 0
    let sentAt = 0
    let received: Buffer = Buffer.alloc(0)
    const send = (): void => {
      if (counter.next === latencies.length) {
        resolve()
        return
      }
      call = counter.next++
      request.bytes.write(String(firstId + call), request.idAt, 'latin1')
      sentAt = performance.now()
      socket.write(request.bytes)
    }
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const end = endOfAnswer(received)
      if (end === undefined) return
      latencies[call] = performance.now() - sentAt
      const fault = faultOf(received, end, firstId + call)
      if (fault !== undefined) return reject(new Error(`${fault}: ${received.toString('utf8', 0, 600)}`))
      counter.done += 1
      received = Buffer.alloc(0)
      send()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    send()
  })
}

/** Where a whole answer ends, by its Content-Length or its last chunk; undefined while something is missing. */
function endOfAnswer(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = headEnd + 4 + Number(length)
    return bytes.length >= end ? end : undefined
  }
  return bytes.length > headEnd + 8 && bytes.subarray(-5).equals(lastChunk) ? bytes.length : undefined
}

const lastChunk = Buffer.from('0\r\n\r\n')
const right = Buffer.from('HTTP/1.1 200 ')

function faultOf(bytes: Buffer, end: number, id: number): string | undefined {
  if (bytes.length !== end) return 'bytes that nobody asked for'
  if (!bytes.subarray(0, right.length).equals(right)) return 'not 200'
  if (!bytes.includes(`"id":${id}`)) return 'not the id of the request'
  return bytes.includes(answerMark) ? undefined : 'not the answer of the upstream'
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`${JSON.stringify(await perform(JSON.parse(line) as Task))}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`)
  }
}
