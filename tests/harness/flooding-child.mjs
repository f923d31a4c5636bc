/** A stdio upstream that, once a tool was called, writes without end what nobody asked for; the tool says what. */
import { createInterface } from 'node:readline'

const floods = {
  notifications: '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n',
  questions: '{"jsonrpc":"2.0","id":1,"method":"roots/list"}\n',
  answers: '{"jsonrpc":"2.0","id":1,"result":{}}\n',
  lines: '\n',
  endless: 'x',
  errors: 'x\n',
}
const tools = Object.keys(floods).map((name) => ({ name, inputSchema: { type: 'object' } }))
const results = {
  'server/discover': {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    ttlMs: 0,
    cacheScope: 'private',
  },
  'tools/list': { tools, ttlMs: 0, cacheScope: 'private' },
  'tools/call': { content: [] },
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined || results[method] === undefined) return
  const answer = { jsonrpc: '2.0', id, result: { resultType: 'complete', ...results[method] } }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  if (method === 'tools/call') flood(params.name)
})

function flood(name) {
  const output = name === 'errors' ? process.stderr : process.stdout
  const chunk = floods[name].repeat(Math.ceil(65_536 / floods[name].length))
  const pump = () => {
    while (output.write(chunk));
    output.once('drain', pump)
  }
  setTimeout(pump, 50)
}
