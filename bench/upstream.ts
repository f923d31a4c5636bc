/**
 * A process: the fastest MCP server of revision 2026-07-28 that still checks what it must, with answers of about 500
 * bytes made beforehand. Prints `{"url"}` when it listens.
 *
 *   node bench/upstream.ts FILE_WITH_THE_BEARER_TOKEN
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMark, toolName } from './request.ts'

const expected = `Bearer ${readFileSync(process.argv[2] ?? '', 'utf8').trim()}`
const version = '2026-07-28'

const tools = [
  toolName,
  'search',
  'history',
  'export_report',
  'delete_record',
  'update_record',
  'share',
  'archive',
].map((name) => ({
  name,
  description: `The \`${name}\` of the bench.`,
  inputSchema: {
    type: 'object',
    properties: {
      query: { type: 'string' },
      limit: { type: 'integer' },
      fields: { type: 'array', items: { type: 'string' } },
    },
    required: ['query'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: /^(lookup|search|history)$/.test(name), destructiveHint: name.startsWith('delete') },
}))

const called = {
  resultType: 'complete',
  content: [
    { type: 'text', text: `${answerMark} ${'the quick brown fox jumps over the lazy dog; '.repeat(8)}`.trim() },
  ],
  isError: false,
}

const results: Readonly<Record<string, string>> = {
  'server/discover': JSON.stringify({
    resultType: 'complete',
    supportedVersions: [version],
    capabilities: { tools: {} },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bench', version: '1.0.0' } },
    ttlMs: 60_000,
    cacheScope: 'private',
  }),
  'tools/list': JSON.stringify({ resultType: 'complete', tools, ttlMs: 60_000, cacheScope: 'private' }),
  'tools/call': JSON.stringify(called),
}

function answer(request: IncomingMessage, body: string, response: ServerResponse): void {
  const message = JSON.parse(body) as { readonly id: string | number; readonly method: string }
  const result = results[message.method]
  const fault = faultOf(request, message.method, result)
  const outcome =
    fault === undefined ? `"result":${result}` : `"error":${JSON.stringify({ code: -32600, message: fault })}`
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},${outcome}}`
  response.writeHead(fault === undefined ? 200 : 400, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

function faultOf({ headers, method }: IncomingMessage, called: string, result: string | undefined): string | undefined {
  if (headers.authorization !== expected) return 'not the credential of this upstream'
  if (method !== 'POST' || result === undefined) return 'no such method'
  if (headers['mcp-method'] !== called || headers['mcp-protocol-version'] !== version)
    return 'a required header is missing'
  return undefined
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => answer(request, Buffer.concat(chunks).toString('utf8'), response))
})

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` })}\n`)
})

// It ends with whoever started it.
process.stdin.resume().on('end', () => process.exit())
