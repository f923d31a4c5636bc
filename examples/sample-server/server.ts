/** `node examples/sample-server/server.ts --port 0`, with its API key in `SAMPLE_API_KEY`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createInvoiceServer } from './invoices.ts'

const apiKey = process.env.SAMPLE_API_KEY
if (!apiKey) {
  console.error('set SAMPLE_API_KEY to the key that callers must present')
  process.exit(2)
}
const expected = digest(`Bearer ${apiKey}`)
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })

const mcp = toNodeHandler(createMcpHandler(createInvoiceServer, { maxRequestBodySize: 1024 * 1024 }))
const validHost = localhostHostValidation()
const validOrigin = localhostOriginValidation()

const server = createServer((request, response) => {
  if (!validHost(request, response) || !validOrigin(request, response)) return
  if (new URL(request.url ?? '', 'http://localhost').pathname !== '/mcp') return refuse(response, 404, 'not found')
  if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
    response.setHeader('www-authenticate', 'Bearer')
    return refuse(response, 401, 'an API key is required')
  }
  mcp(request as Parameters<typeof mcp>[0], response).catch(() => refuse(response, 500, 'internal error'))
})

server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ event: 'ready', url: `http://127.0.0.1:${port}/mcp` }))
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' })
  response.end(`${message}\n`)
}
