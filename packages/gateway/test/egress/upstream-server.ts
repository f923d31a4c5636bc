import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever came
  readonly json: any
  /** Which connection it came by. */
  readonly port: number
}

export interface Upstream {
  readonly url: string
  readonly received: Received[]
  readonly connections: () => number
  close(): Promise<void>
}

/** A real HTTP server. `answer` may do as it likes. */
export async function upstreamOf(
  answer: (received: Received, response: ServerResponse, request: IncomingMessage) => void | Promise<void>,
): Promise<Upstream> {
  const received: Received[] = []
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const { method = '', url = '', rawHeaders, headers } = request
      const port = request.socket.remotePort ?? 0
      const got = { method, url, rawHeaders, headers, body, json: body === '' ? undefined : JSON.parse(body), port }
      received.push(got)
      void answer(got, response, request)
    })
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

export function result(received: Received, value: Record<string, unknown> = {}): Record<string, unknown> {
  return { jsonrpc: '2.0', id: received.json.id, result: { resultType: 'complete', ...value } }
}

export function sse(response: ServerResponse): { send(value: unknown, id?: string): void; end(): void } {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return {
    send: (value, id) =>
      void response.write(
        `${id === undefined ? '' : `id: ${id}\n`}data: ${value === '' ? '' : JSON.stringify(value)}\n\n`,
      ),
    end: () => void response.end(),
  }
}
