import type { IncomingMessage } from 'node:http'
import { Pieces } from '../mcp/pieces.ts'
import { type Refusal, refuse } from '../refusal.ts'
import type { Deadlines } from './deadlines.ts'

/**
 * Reads a body whole, within its bounds. The request is left unread, and its connection has to be closed, where this
 * refuses.
 * @param length from `Content-Length`, within `maxBytes`; undefined where the body is chunked.
 */
export function readBody(
  request: IncomingMessage,
  length: number | undefined,
  maxBytes: number,
  deadlines: Deadlines,
): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const body = new Pieces()
    let total = 0
    const settle = (result: Buffer | Refusal) => {
      deadlines.remove(deadline)
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      resolve(result)
    }
    const onData = (chunk: Buffer) => {
      total += chunk.length
      if (total <= maxBytes) {
        body.push(chunk)
        return
      }
      request.pause()
      settle(refuse('body_too_large', `the body is over ${maxBytes} bytes`))
    }
    const onEnd = () => settle(body.take())
    const onClose = () => settle(refuse('body_timeout', 'the client went away before its message was whole'))
    const deadline = deadlines.add(() => {
      request.pause()
      settle(refuse('body_timeout', `${total} of ${length ?? 'unknown many'} bytes came in time`))
    })
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}
