/**
 * An upstream that keeps every byte of every connection, below HTTP, and answers like a small MCP server of both eras.
 * What it is asked to do wrong is in `misbehave`.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export const captureTools = [
  {
    name: 'echo',
    description: 'says it back',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string' }, region: { type: 'string', 'x-mcp-header': 'Region' } },
    },
    annotations: { readOnlyHint: true },
  },
]

export interface JsonRpc {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Record<string, unknown>
}

/** True where it answered by itself. */
export type Misbehaviour = (message: JsonRpc, request: IncomingMessage, response: ServerResponse) => boolean

export class CapturingUpstream {
  readonly url: string
  readonly received: Buffer[] = []
  /** HTTP requests seen. */
  requests = 0
  misbehave: Misbehaviour = () => false
  tools: readonly unknown[] = captureTools
  readonly #close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received)
  }

  stop(): Promise<void> {
    return this.#close()
  }

  static async start(): Promise<CapturingUpstream> {
    let upstream: CapturingUpstream
    const http = createHttpServer((request, response) => upstream.#answer(request, response))
    await listen(http)
    const inner = (http.address() as AddressInfo).port
    const sockets = new Set<Socket>()
    const tap = createServer((outside) => {
      const inside = connect(inner, '127.0.0.1')
      for (const socket of [outside, inside]) {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
      }
      outside.on('data', (chunk: Buffer) => upstream.received.push(chunk))
      outside.pipe(inside).pipe(outside)
      outside.on('close', () => inside.destroy())
    })
    await listen(tap)
    upstream = new CapturingUpstream(`http://127.0.0.1:${(tap.address() as AddressInfo).port}/mcp`, async () => {
      for (const socket of sockets) socket.destroy()
      http.closeAllConnections()
      await Promise.all([closed(tap), closed(http)])
    })
    return upstream
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const message = (text === '' ? {} : JSON.parse(text)) as JsonRpc
      if (this.misbehave(message, request, response)) return
      if (message.id === undefined) {
        response.writeHead(request.method === 'POST' ? 202 : 405).end()
        return
      }
      json(
        response,
        { jsonrpc: '2.0', id: message.id, ...this.#result(message) },
        message.method === 'initialize' ? { 'mcp-session-id': 'upstream-session' } : {},
      )
    })
  }

  #result(message: JsonRpc): Record<string, unknown> {
    const meta = (message.params?._meta ?? {}) as Record<string, unknown>
    const complete = meta['io.modelcontextprotocol/protocolVersion'] === undefined ? {} : { resultType: 'complete' }
    const capabilities = { tools: {} }
    switch (message.method) {
      case 'initialize':
        return {
          result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'capture', version: '1' } },
        }
      case 'server/discover':
        return {
          result: { ...complete, supportedVersions: ['2026-07-28'], capabilities, ttlMs: 0, cacheScope: 'private' },
        }
      case 'tools/list':
        return {
          result: {
            ...complete,
            tools: this.tools,
            ...(complete.resultType === undefined ? {} : { ttlMs: 0, cacheScope: 'private' }),
          },
        }
      case 'tools/call':
        return { result: { ...complete, content: [{ type: 'text', text: 'done' }] } }
      default:
        return { error: { code: -32601, message: 'method not found' } }
    }
  }
}

export function json(
  response: ServerResponse,
  body: unknown,
  headers: Record<string, string> = {},
  status = 200,
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
