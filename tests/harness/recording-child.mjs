/**
 * A stdio upstream that speaks 2026-07-28 and records what it was given: its environment, argv and descriptors, and
 * every byte of standard input. The file is named in argv, relative to the folder it runs in or absolute.
 */
import { appendFileSync, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

const file = path.resolve(process.argv[2] ?? 'record.bin')

function descriptors() {
  try {
    return readdirSync('/proc/self/fd').map((fd) => `${fd} ${link(fd)}`)
  } catch {
    return []
  }
}

function link(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

appendFileSync(file, `${JSON.stringify({ env: process.env, argv: process.argv, descriptors: descriptors() })}\n`)

const tools = [
  {
    name: 'echo',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } } },
    annotations: { readOnlyHint: true },
  },
]

createInterface({ input: process.stdin }).on('line', (line) => {
  appendFileSync(file, `${line}\n`)
  const { id, method } = JSON.parse(line)
  if (id === undefined) return
  const results = {
    'server/discover': {
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: 'private',
    },
    'tools/list': { tools, ttlMs: 0, cacheScope: 'private' },
    'tools/call': { content: [{ type: 'text', text: 'done' }] },
  }
  const result = results[method]
  const answer =
    result === undefined
      ? { error: { code: -32601, message: 'method not found' } }
      : { result: { resultType: 'complete', ...result } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`)
})
