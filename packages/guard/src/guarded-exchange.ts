import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { GuardedFetchError } from './guarded-fetch-error.ts'

const MAX_HEADER_BYTES = 16 * 1024
/** Whoever sends a byte at a time would cost an object for each. */
const MAX_PIECES = 8192
/** The connection's own (RFC 9110 section 7.6.1, RFC 9112 section 6), and what would let an answer grow. */
const ours: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'accept-encoding',
])
/** Fetch standard, "null body status". */
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304])

export interface Exchange {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** One request and its whole answer over a connected socket, which is closed afterwards. */
export function exchange(url: URL, socket: Socket, init: Exchange): Promise<Response> {
  return new Promise<Response>((resolve, reject) => {
    const body = bodyOf(init.body)
    const request: ClientRequest = (url.protocol === 'https:' ? requestHttps : requestHttp)({
      createConnection: () => socket,
      method: init.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers: headersOf(url, init, body),
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    const fail = (error: unknown) => {
      request.destroy()
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(init.signal.reason)
    init.signal.addEventListener('abort', abort, { once: true })
    request.once('close', () => init.signal.removeEventListener('abort', abort))
    request.on('error', (cause) => fail(brokenOff(url, cause)))
    request.once('upgrade', () => fail(new GuardedFetchError('unacceptable', `${url.origin} changed the protocol`)))
    request.once('response', (answer) => {
      read(url, answer, init.maxBytes).then(resolve, fail)
    })
    request.end(body)
  }).finally(() => socket.destroy())
}

function bodyOf(body: Exchange['body']): string | Uint8Array | undefined {
  return body instanceof URLSearchParams ? body.toString() : (body ?? undefined)
}

function headersOf(url: URL, init: Exchange, body: string | Uint8Array | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'sallyport-guard' }
  if (init.body instanceof URLSearchParams) headers['content-type'] = 'application/x-www-form-urlencoded'
  for (const [name, value] of Object.entries(init.headers ?? {})) {
    const lower = name.toLowerCase()
    if (!ours.has(lower)) headers[lower] = value
  }
  headers['host'] = url.host
  headers['connection'] = 'close'
  headers['accept-encoding'] = 'identity'
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  return headers
}

async function read(url: URL, answer: IncomingMessage, maxBytes: number): Promise<Response> {
  const encoding = answer.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new GuardedFetchError(
      'unacceptable',
      `${url.origin} answered with a content encoding, which was not asked for`,
    )
  }
  const chunks: Buffer[] = []
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes && chunks.length < MAX_PIECES) chunks.push(chunk)
    else
      answer.destroy(
        new GuardedFetchError('too_large', `${url.origin} answered with over ${maxBytes} bytes, or in too many pieces`),
      )
  })
  await new Promise<void>((resolve, reject) => {
    answer.once('end', resolve)
    answer.once('error', (cause) => reject(brokenOff(url, cause)))
  })
  const headers = new Headers()
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    headers.append(answer.rawHeaders[at] as string, answer.rawHeaders[at + 1] as string)
  }
  const status = answer.statusCode ?? 0
  if (status < 200 || status > 599) {
    throw new GuardedFetchError('unacceptable', `${url.origin} answered with the status ${status}`)
  }
  return new Response(withoutBody.has(status) ? null : Buffer.concat(chunks), { status, headers })
}

function brokenOff(url: URL, cause: Error): GuardedFetchError {
  if (cause instanceof GuardedFetchError) return cause
  return new GuardedFetchError('unreachable', `${url.origin} broke off: ${cause.message}`, { cause })
}
