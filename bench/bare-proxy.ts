/**
 * A process: the least that a proxy on this Node can do. `node:http` in, undici's `Pool.dispatch` out, the credential
 * replaced, nothing read, decided or recorded. Prints `{"url"}` when it listens.
 *
 *   node bench/bare-proxy.ts UPSTREAM_URL FILE_WITH_THE_BEARER_TOKEN CONNECTIONS
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

const [target = '', credentialFile = '', connections = '32'] = process.argv.slice(2)
const upstream = new URL(target)
const credential = `Bearer ${readFileSync(credentialFile, 'utf8').trim()}`
const pool = new Pool(upstream.origin, { connections: Number(connections), pipelining: 1 })
const relayed = ['content-type', 'accept', 'mcp-protocol-version', 'mcp-method', 'mcp-name'] as const

function forward(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const headers: Record<string, string> = { authorization: credential }
  for (const name of relayed) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  pool.dispatch(
    { path: upstream.pathname, method: request.method as Dispatcher.HttpMethod, headers, body },
    relayTo(response),
  )
}

function relayTo(response: ServerResponse): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  return {
    onRequestStart() {},
    onResponseStart(_, status, headers) {
      response.statusCode = status
      response.setHeader('content-type', headers['content-type'] ?? 'application/octet-stream')
    },
    onResponseData(_, chunk) {
      chunks.push(chunk)
    },
    onResponseEnd() {
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
      response.setHeader('content-length', body?.length ?? 0)
      response.end(body)
    },
    onResponseError() {
      response.writeHead(502).end()
    },
  }
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => forward(request, Buffer.concat(chunks), response))
})

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`)
})

// It ends with whoever started it.
process.stdin.resume().on('end', () => process.exit())
