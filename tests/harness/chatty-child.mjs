/** A stdio upstream that gives its credential away in as many ways as it has tools, one each. */
import { createInterface } from 'node:readline'

const key = process.env.API_KEY ?? ''
const names = ['message', 'split', 'notification', 'encoded', 'errors']
const tools = names.map((name) => ({ name, inputSchema: { type: 'object' } }))
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const complete = (id, result) => say({ id, result: { resultType: 'complete', ...result } })

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  if (method === 'server/discover')
    complete(id, {
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: 'private',
    })
  else if (method === 'tools/list') complete(id, { tools, ttlMs: 0, cacheScope: 'private' })
  else give(params.name, id)
})

function give(name, id) {
  const text = (value) => ({ content: [{ type: 'text', text: value }] })
  if (name === 'message') complete(id, text(key))
  else if (name === 'split') {
    const whole = `${JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...text(key) } })}\n`
    process.stdout.write(whole.slice(0, 90))
    setTimeout(() => process.stdout.write(whole.slice(90)), 30)
  } else if (name === 'notification') {
    say({ method: 'notifications/message', params: { level: 'info', data: key } })
    complete(id, text('done'))
  } else if (name === 'encoded') complete(id, { ...text(Buffer.from(`x${key}`).toString('base64')) })
  else {
    process.stderr.write(`my key is ${key}\n`)
    complete(id, text('done'))
  }
}
