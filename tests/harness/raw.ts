/** Requests as no client library would send them. */
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends these bytes to the origin of `url` and reads until the peer closes or `Content-Length` is satisfied. */
export function sendRaw(url: string, bytes: string | Buffer, timeoutMs = 5_000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const timer = setTimeout(() => finish(), timeoutMs)
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      const answer = parseAnswer(received)
      if (answer === undefined) reject(new Error(`no HTTP answer: ${received.slice(0, 200)}`))
      else resolve(answer)
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      received += chunk
      const answer = parseAnswer(received)
      if (
        answer !== undefined &&
        answer.body.length >= Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY)
      )
        finish()
    })
    socket.on('end', finish)
    socket.on('error', () => (received === '' ? reject(new Error('the connection failed')) : finish()))
    socket.write(bytes)
  })
}

function parseAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) }
}

export interface ModernCall {
  readonly url: string
  readonly token?: string | undefined
  readonly method?: string
  readonly name?: string | undefined
  readonly params?: Record<string, unknown>
  readonly meta?: Record<string, unknown>
  /** Raw header lines beside the usual ones. */
  readonly headers?: readonly string[]
  /** In place of the usual path. */
  readonly path?: string
  readonly body?: string
}

export const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** One 2026-07-28 request, written by hand. */
export function modernRequest(call: ModernCall): string {
  const { pathname, host } = new URL(call.url)
  const method = call.method ?? 'tools/call'
  const body =
    call.body ??
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: { ...call.params, _meta: { ...modernMeta, ...call.meta } },
    })
  const lines = [
    `POST ${call.path ?? pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'MCP-Protocol-Version: 2026-07-28',
    `Mcp-Method: ${method}`,
    ...(call.name === undefined ? [] : [`Mcp-Name: ${call.name}`]),
    ...(call.token === undefined ? [] : [`Authorization: Bearer ${call.token}`]),
    ...(call.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export function sendModern(call: ModernCall): Promise<RawAnswer> {
  return sendRaw(call.url, modernRequest(call))
}
