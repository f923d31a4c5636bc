import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Shared } from './options.ts'
import type { Answer } from './respond.ts'
import type { ResponseRelay } from './response-relay.ts'

type Bounds = Pick<Shared, 'limits' | 'drainDeadlines'>

/**
 * Sends a whole answer. A body that was not read is thrown away first where it is small; where it is not, the answer is
 * sent, the connection closes, and what still comes is thrown away in between: a connection that is closed on bytes
 * nobody took is reset, and the client may then never read why it was refused. Both are bounded.
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  stream: ResponseRelay,
  answer: Answer,
  bounds: Bounds,
): void {
  if (response.destroyed) return
  const { status, headers, json } = answer
  const head = ['cache-control', 'no-store', 'x-content-type-options', 'nosniff', ...headers]
  if (json !== undefined) {
    head.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(json)))
  } else if (status !== 204) head.push('content-length', '0')
  const send = () => {
    if (response.destroyed) return
    if (!request.complete) head.push('connection', 'close')
    response.writeHead(status, head)
    stream.endWith(json)
  }
  if (request.complete) send()
  else if (isSmall(request, bounds)) discard(request, bounds, send)
  else {
    response.writeHead(status, [...head, 'connection', 'close'])
    if (json === undefined) response.flushHeaders()
    else response.write(json)
    discard(request, bounds, () => stream.endWith(undefined))
  }
}

/** Also true of a request without a body, which Node marks as complete only later. */
function isSmall({ headers }: IncomingMessage, { limits }: Bounds): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= limits.drainedBytes
}

/** Takes the rest of a body in and keeps nothing of it; then, or when it exceeds its bounds, calls back once. */
function discard(request: IncomingMessage, { limits, drainDeadlines }: Bounds, done: () => void): void {
  let bytes = 0
  const end = () => {
    drainDeadlines.remove(deadline)
    request.off('data', onData).off('end', end).off('close', end).off('error', end)
    done()
  }
  const onData = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limits.drainedBytes) end()
  }
  const deadline = drainDeadlines.add(end)
  request.on('data', onData).on('end', end).on('close', end).on('error', end).resume()
}
