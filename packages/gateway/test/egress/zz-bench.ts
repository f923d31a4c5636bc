import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { Pool } from 'undici'
import { createEgress } from '../../src/egress/egress.ts'
import { createCredentials } from '../../src/credentials/credentials.ts'
import { mint } from '../../src/stages.ts'
import { createLeakDetector } from '@sallyport/guard'
import { httpUpstream, modernCall, principal, clock } from './support.ts'

const child = fork('/tmp/eb/server.mjs')
const port = await new Promise<number>((r) => child.once('message', (m) => r(m as number)))
const url = `http://127.0.0.1:${port}/mcp`
const token = 'eyJ' + randomBytes(600).toString('base64url')
const seal = process.env.NOSEAL ? { matches: () => false } : createLeakDetector(token, { window: 24 })
const upstreams = [httpUpstream(url)]
const credentials = createCredentials({ upstreams, fetch: (() => {}) as never, clock, versionKey: randomBytes(32) })
const egress = createEgress({ upstreams, clock, random: randomBytes, environment: {}, headerParameters: () => undefined, hooks: { rejected() {}, finished() {}, log: { info() {}, warn() {} } } })
const args = { text: 'x'.repeat(250), n: 5 }
const call = modernCall({ params: { name: 'echo', arguments: args }, arguments: args, meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} } })
const authorized = mint<any>({ upstream: 'vendor', principal: principal(), call, decision: {} })
const plan = credentials.plan(authorized)
const intent = mint<any>({ upstream: 'vendor', entryId: 'x', authorized, plan, startedMs: 0 })
const relay = { begin() {}, event: () => true, drained: () => Promise.resolve(), onGone: () => () => {} }

async function viaEgress() {
  const credential = credentials.lease(intent, plan) as any
  const r = await egress.invoke(intent, credential, seal, relay)
  if (r.kind !== 'response') throw new Error(JSON.stringify(r))
}
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 256, pipelining: 1, allowH2: false })
const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 123456789, method: call.method, params: { ...call.params, _meta: call.meta } }))
const headers = ['content-type','application/json','accept','application/json, text/event-stream','accept-encoding','identity','user-agent','sallyport','mcp-protocol-version','2026-07-28','traceparent','00-0123456789abcdef0123456789abcdef-0123456789abcdef-00','mcp-method','tools/call','mcp-name','echo','authorization','Bearer upstream-secret-71c0a95be2f84d36-canary-55ab']
class H { r; chunk; constructor(r: any) { this.r = r } onRequestStart() {} onResponseStart() {} onResponseData(_c: any, chunk: any) { this.chunk = chunk } onResponseEnd() { this.r(this.chunk) } onResponseError(_c: any, e: any) { throw e } }
function viaPool() { return new Promise((r) => pool.dispatch({ path: '/mcp', method: 'POST', headers, body }, new H(r) as any)) }

async function run(f: () => Promise<unknown>, n: number, c: number) {
  let left = n
  const loop = async () => { while (left-- > 0) await f() }
  const t0 = process.cpuUsage(), w0 = performance.now()
  await Promise.all(Array.from({ length: c }, loop))
  const t = process.cpuUsage(t0)
  return { cpu: (t.user + t.system) / n, wall: (performance.now() - w0) * 1000 / n }
}
for (const f of [viaEgress, viaPool]) await run(f, 20000, 32)
const rows: number[][] = []
for (let i = 0; i < 7; i++) { const a = await run(viaPool, 20000, 32); const b = await run(viaEgress, 20000, 32); rows.push([a.cpu, b.cpu, b.cpu - a.cpu]); }
const med = (k: number) => rows.map((r) => r[k]!).sort((x, y) => x - y)[3]!.toFixed(1)
console.log('pool', med(0), 'egress', med(1), 'diff', med(2))
await egress.stop(); await pool.destroy(); child.kill()
