import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Shared } from './options.ts'
import type { Answer } from './respond.ts'
import type { ResponseRelay } from './response-relay.ts'

/**
 * Sends a whole answer. Where the request was not read to its end the connection closes, but not at once: closing it on
 * bytes that were not taken resets it, and the client may then never read why it was refused. So what still comes is
 * thrown away, within bounds, before the answer ends.
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  stream: ResponseRelay,
  answer: Answer,
  shared: Pick<Shared, 'limits' | 'drainDeadlines'>,
): void {
  if (response.destroyed) return
  const { status, headers, json } = answer
  const head = ['cache-control', 'no-store', 'x-content-type-options', 'nosniff', ...headers]
  if (json !== undefined)
    head.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(json)))
  else if (status !== 204) head.push('content-length', '0')
  if (request.complete || hasNoBody(request)) {
    response.writeHead(status, head)
    stream.endWith(json)
    return
  }
  response.writeHead(status, [...head, 'connection', 'close'])
  if (json === undefined) response.flushHeaders()
  else response.write(json)
  let drained = 0
  const end = () => {
    shared.drainDeadlines.remove(deadline)
    request.off('data', onData).off('end', end).off('error', end)
    stream.endWith(undefined)
  }
  const onData = (chunk: Buffer) => {
    drained += chunk.length
    if (drained > shared.limits.drainedBytes) end()
  }
  const deadline = shared.drainDeadlines.add(end)
  request.on('data', onData).on('end', end).on('error', end).resume()
}

/** Node marks a request without a body as complete only later. */
function hasNoBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return encoding === undefined && (length === undefined || length === '0')
}
