import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { StdioUpstreamConfig } from '../../src/config/types.ts'
import type { EgressResult } from '../../src/egress/port.ts'
import type { Call } from '../../src/mcp/call.ts'
import { Secret } from '../../src/secrets/secret.ts'
import {
  bench,
  Client,
  earlierCall,
  inboundToken,
  modernCall,
  session,
  stdioUpstream,
  upstreamSecret,
} from './support.ts'

const script = fileURLToPath(new URL('./fixtures/server.mjs', import.meta.url))

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close()
})

function start(
  eras: 'modern' | 'earlier' | 'both',
  vice = '',
  overrides: Partial<StdioUpstreamConfig> = {},
  environment = {},
) {
  const config = stdioUpstream(script, { args: [script, eras, vice], ...overrides })
  const made = bench([config], { environment: { PATH: process.env['PATH'], HOME: '/nowhere', ...environment } })
  closing.push({ close: () => made.egress.stop() })
  return made
}

const tool = (name: string, overrides: Partial<Call> = {}) =>
  modernCall({ upstream: 'files', params: { name }, arguments: undefined, ...overrides })
const earlierTool = (name: string, overrides: Partial<Call> = {}) =>
  earlierCall({
    upstream: 'files',
    params: { name },
    arguments: undefined,
    session: session({ upstreamSession: undefined }),
    ...overrides,
  })
const initialize = (protocolVersion = '2025-11-25') =>
  earlierCall({
    upstream: 'files',
    method: 'initialize',
    session: undefined,
    params: { protocolVersion, capabilities: { sampling: {} } },
  })

function resultOf(answer: EgressResult) {
  expect(answer).toMatchObject({ kind: 'response' })
  return JSON.parse((answer as { json: string }).json).result
}

/** An ended one may wait for its parent to notice: that is no life. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('threat 32: what a child is given', () => {
  test('an environment of the allow-list, the configuration and its credential', async () => {
    const env = { MODE: 'read' }
    const digest = createHash('sha256').update(upstreamSecret).digest('hex')
    const { send } = start(
      'modern',
      '',
      { env },
      { SALLYPORT_ROOT_KEY: 'k', NODE_OPTIONS: '--inspect', TMPDIR: '/tmp', AWS_SECRET: 's' },
    )
    const { environment, argv } = resultOf(await send(tool('environment')))
    expect(environment).toEqual({
      PATH: process.env['PATH'],
      HOME: '/nowhere',
      TMPDIR: '/tmp',
      MODE: 'read',
      API_KEY: digest,
    })
    expect(argv).toEqual(['modern', ''])
  })

  test('no descriptor but its three pipes and its own', async () => {
    const { send } = start('modern')
    const { descriptors } = resultOf(await send(tool('descriptors'))) as { descriptors: string[] }
    const foreign = descriptors.filter(
      (fd) => !/^[012] (socket|pipe):|anon_inode|gone|\/proc\/|\/dev\/null|pipe:/.test(fd),
    )
    expect(foreign).toEqual([])
    expect(descriptors.filter((fd) => fd.includes('socket:')).map((fd) => fd.split(' ')[0])).toEqual(['0', '1', '2'])
  })

  test('arguments reach the program as they are: there is no shell', async () => {
    const { send } = start('modern', '$(touch /tmp/sallyport-was-here); `id` && echo')
    expect(resultOf(await send(tool('environment'))).argv).toEqual([
      'modern',
      '$(touch /tmp/sallyport-was-here); `id` && echo',
    ])
    expect(existsSync('/tmp/sallyport-was-here')).toBe(false)
  })
})

describe('eras', () => {
  test('a modern child answers modern calls, and turns initialize down with its versions', async () => {
    const { send, egress } = start('modern')
    expect(resultOf(await send(tool('other')))).toMatchObject({ params: { name: 'other', _meta: modernCall().meta } })
    const refusal = { reason: 'version_unsupported', data: { supported: ['2026-07-28'], requested: '2025-11-25' } }
    expect(await send(initialize())).toMatchObject({ kind: 'refused', refusal, sent: false })
    expect(await send(initialize())).toMatchObject({ kind: 'refused', refusal, sent: false })
    expect(egress.states()).toEqual([
      { upstream: 'files', kind: 'stdio', inFlight: 0, onlyEra: 'modern', children: expect.any(Number) },
    ])
  })

  test('an earlier child was initialized by us, without capabilities, and each client is told what it said', async () => {
    const { send, egress } = start('earlier')
    const refusal = { reason: 'version_unsupported', data: { supported: ['2025-11-25', '2025-06-18', '2025-03-26'] } }
    expect(await send(tool('pid'))).toMatchObject({ kind: 'refused', refusal, sent: false })
    const opened = await send(initialize())
    expect(resultOf(opened)).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'fixture' },
      given: { capabilities: {}, clientInfo: { name: 'sallyport' } },
    })
    expect(JSON.parse((opened as { json: string }).json).id).toBe('client-7')
    expect(resultOf(await send(initialize('2025-06-18'))).protocolVersion).toBe('2025-06-18')
    expect(resultOf(await send(initialize('2099-01-01'))).protocolVersion).toBe('2025-11-25')
    const initialized = {
      kind: 'notification',
      method: 'notifications/initialized',
      id: undefined,
      params: {},
    } as const
    expect(await send(earlierTool('', initialized))).toEqual({ kind: 'accepted', status: 202 })
    expect(resultOf(await send(earlierTool('seen')))).toMatchObject({ initialized: true })
    expect(egress.states()[0]?.children).toBe(1)
  })

  test('a child of both eras serves both kinds of client', async () => {
    const { send, egress } = start('both')
    expect(resultOf(await send(tool('other')))).toMatchObject({ params: { name: 'other' } })
    expect(resultOf(await send(initialize()))).toMatchObject({ protocolVersion: '2025-11-25' })
    expect(resultOf(await send(earlierTool('other')))).toMatchObject({ params: { name: 'other' } })
    expect(egress.states()[0]?.onlyEra).toBeUndefined()
  })

  test('the filesystem server that nobody here wrote', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-egress-'))
    closing.push({ close: () => rm(folder, { recursive: true }) })
    await writeFile(path.join(folder, 'note.txt'), 'kept in a file')
    const require = createRequire(import.meta.url)
    const server = path.join(
      path.dirname(require.resolve('@modelcontextprotocol/server-filesystem/package.json')),
      'dist/index.js',
    )
    const { send } = start('both', '', { args: [server, folder], credentials: { type: 'none' } })
    expect(resultOf(await send(initialize()))).toMatchObject({ capabilities: { tools: {} } })
    const listed = resultOf(await send(earlierTool('', { method: 'tools/list', params: {} })))
    expect(listed.tools.map(({ name }: { name: string }) => name)).toContain('read_text_file')
    const args = { path: path.join(folder, 'note.txt') }
    const read = resultOf(
      await send(earlierTool('', { params: { name: 'read_text_file', arguments: args }, arguments: args })),
    )
    expect(read.content).toEqual([{ type: 'text', text: 'kept in a file' }])
  })
})

describe('messages', () => {
  test('progress goes to the request that it is of, under the token of its client', async () => {
    const { send } = start('modern')
    const relay = new Client()
    const answer = resultOf(await send(tool('progress', { meta: { progressToken: 'mine' } }), { relay }))
    expect(answer.progressToken).toEqual(expect.any(Number))
    expect(relay.events.map(({ data }) => JSON.parse(data).params)).toEqual(
      [1, 2, 3].map((progress) => ({ progressToken: 'mine', progress })),
    )
    expect(relay.begun).toBe(1)
  })

  test('a subscription carries the id of the client, and is cancelled when the client goes', async () => {
    const { send } = start('modern')
    const relay = new Client()
    const pending = send(tool('', { method: 'subscriptions/listen', id: 'sub', params: { notifications: {} } }), {
      relay,
    })
    await relay.seen(2)
    expect(relay.events.map(({ data }) => JSON.parse(data).params._meta)).toEqual([
      { 'io.modelcontextprotocol/subscriptionId': 'sub' },
      { 'io.modelcontextprotocol/subscriptionId': 'sub' },
    ])
    relay.leave()
    expect(await pending).toEqual({ kind: 'ended', status: 0 })
    expect(resultOf(await send(tool('seen'))).cancelled).toHaveLength(1)
  })

  test('what a child asks is answered by us', async () => {
    const { send } = start('earlier')
    const pending = send(earlierTool('ask', { id: 1 }))
    await expect.poll(async () => resultOf(await send(earlierTool('seen'))).replies.length).toBe(2)
    expect(resultOf(await send(earlierTool('seen'))).replies).toEqual([
      { jsonrpc: '2.0', id: 'mine', error: { code: -32601, message: 'method not found' } },
      { jsonrpc: '2.0', id: 'ping', result: {} },
    ])
    closing.push({ close: async () => void (await pending) })
  })

  test('a stream of the earlier era gets what names no request; a shared child has none', async () => {
    const { send } = start('earlier')
    const relay = new Client()
    const stream = { kind: 'stream', method: 'GET', id: undefined, params: {} } as const
    const pending = send(earlierTool('', stream), { relay })
    await expect.poll(() => relay.begun).toBe(1)
    const caller = new Client()
    await send(earlierTool('changed'), { relay: caller })
    expect(relay.events.map(({ data }) => JSON.parse(data).method)).toEqual(['notifications/tools/list_changed'])
    expect(caller.events).toHaveLength(0)
    relay.leave()
    expect(await pending).toMatchObject({ kind: 'ended' })
    const shared = start('earlier', '', { isolation: 'shared' })
    expect(await shared.send(earlierTool('', stream))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'method_not_allowed' },
    })
    const other = new Client()
    await shared.send(earlierTool('changed'), { relay: other })
    expect(other.events).toHaveLength(0)
  })

  test('a client cancels its request: the child is told by our id, and the call ends', async () => {
    const { send } = start('earlier')
    const own = session({ upstreamSession: undefined })
    const pending = send(earlierTool('silent', { id: 4, session: own }))
    await expect.poll(() => own.sent.size).toBe(1)
    const ours = own.sent.get(4)
    const cancel = earlierTool('', {
      kind: 'notification',
      method: 'notifications/cancelled',
      id: undefined,
      params: { requestId: 4 },
      session: own,
    })
    expect(await send(cancel)).toEqual({ kind: 'accepted', status: 202 })
    expect(await pending).toMatchObject({ kind: 'ended' })
    expect(resultOf(await send(earlierTool('seen'))).cancelled).toEqual([ours])
    expect(await send(cancel)).toEqual({ kind: 'accepted', status: 202 })
  })

  test('a child that prints to its standard output at the start still serves', async () => {
    const { send, log } = start('modern', 'junk')
    expect(resultOf(await send(tool('other')))).toMatchObject({ params: { name: 'other' } })
    expect(log.join('\n')).toContain('lines that are no messages')
  })
})

describe('leaks', () => {
  test('threat 26: a line with the inbound token is not written', async () => {
    const { send } = start('modern')
    const args = { text: Buffer.from(`..${inboundToken}`).toString('base64') }
    const answer = await send(tool('', { params: { name: 'other', arguments: args }, arguments: args }))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_outgoing' }, sent: false })
    const own = session({ sent: new Map() })
    const pending = send(tool('silent', { era: 'modern' }))
    expect(JSON.stringify(resultOf(await send(tool('seen'))))).not.toContain(inboundToken.slice(0, 24))
    closing.push({ close: async () => void (await pending) })
    expect(own.sent.size).toBe(0)
  })

  test('threat 30: an answer with the credential of the child is blocked', async () => {
    const { send } = start('modern')
    const answer = await send(tool('leak'))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming' }, sent: true })
    expect(JSON.stringify(answer)).not.toContain(upstreamSecret)
  })

  test('threat 33: standard error reaches the log without the credential and without escapes', async () => {
    const { send, log } = start('modern', 'stderr')
    await send(tool('pid'))
    await expect.poll(() => log.join('\n')).toContain('plain line')
    expect(log.join('\n')).toContain('[a line that held the credential]')
    expect(log.join('\n')).not.toContain(upstreamSecret)
    expect(log.join('\n')).not.toMatch(/\\u001b|\u001b/)
  })
})

describe('lives of children', () => {
  test('one for each principal by default; one for all where that is configured', async () => {
    const own = start('modern')
    const pidOf = async (made: typeof own, subject: string) => resultOf(await made.send(tool('pid'), { subject })).pid
    const [ada, bob, again] = [await pidOf(own, 'ada'), await pidOf(own, 'bob'), await pidOf(own, 'ada')]
    expect(ada).not.toBe(bob)
    expect(again).toBe(ada)
    const shared = start('modern', '', { isolation: 'shared' })
    expect(await pidOf(shared, 'ada')).toBe(await pidOf(shared, 'bob'))
  })

  test('a crash fails the calls under way, of which nobody knows whether they ran; the next child waits', async () => {
    const { send } = start('modern')
    const { pid } = resultOf(await send(tool('pid')))
    const silent = send(tool('silent'))
    expect(await send(tool('exit'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
    expect(await silent).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: true })
    expect(await send(tool('pid'))).toMatchObject({ kind: 'refused', sent: false, refusal: { retryAfterSeconds: 1 } })
    expect(resultOf(await send(tool('pid'), { subject: 'bob' })).pid).toBeGreaterThan(0)
    await expect.poll(async () => (await send(tool('pid'))).kind, { timeout: 3_000 }).toBe('response')
    expect(resultOf(await send(tool('pid'))).pid).not.toBe(pid)
  })

  test('one that never gets ready is not started again and again', async () => {
    const { send } = start('modern', 'crash')
    expect(await send(tool('pid'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: false,
    })
    expect(await send(tool('pid'), { subject: 'bob' })).toMatchObject({
      refusal: { reason: 'upstream_unavailable', retryAfterSeconds: 1 },
    })
    const missing = start('modern', '', { command: '/nowhere/server' })
    const answer = await missing.send(tool('pid'))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: false })
    expect(JSON.stringify(answer)).toContain('ENOENT')
  })

  test('a line without an end, or a silent child, ends the call', async () => {
    const { send } = start('modern')
    expect(await send(tool('long'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
    const limits = { responseTimeoutMs: 150, idleTimeoutMs: 150, messageBytes: 10_000 }
    const slow = start('modern', '', { limits })
    expect(await slow.send(tool('silent'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_timeout' },
      sent: true,
    })
    expect(resultOf(await slow.send(tool('seen'))).cancelled).toHaveLength(1)
    expect(await slow.send(tool('half'))).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_timeout' } })
  })

  test('an idle one is stopped, with its descendants', async () => {
    const { send, egress } = start('modern', '', { idleStopMs: 100 })
    const { pid, descendant } = resultOf(await send(tool('descendant')))
    expect([isAlive(pid), isAlive(descendant)]).toEqual([true, true])
    await expect.poll(() => egress.states()[0]?.children, { timeout: 5_000 }).toBe(0)
    await expect.poll(() => isAlive(pid) || isAlive(descendant)).toBe(false)
  })

  test('the end of the gateway ends all, also one that does not listen', async () => {
    const made = start('modern', 'deaf')
    const { pid, descendant } = resultOf(await made.send(tool('descendant')))
    await made.egress.stop()
    expect(isAlive(pid)).toBe(false)
    await expect.poll(() => isAlive(descendant)).toBe(false)
    expect(await made.send(tool('pid'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'shutting_down' },
      sent: false,
    })
  }, 10_000)

  test('a rotated credential gets a child of its own', async () => {
    const made = start('modern')
    const first = resultOf(await made.send(tool('pid'))).pid
    const { intent, credential } = await made.intentOf(tool('pid'))
    const rotated = { ...credential, environment: { API_KEY: 'another-secret-of-some-length' } }
    const answer = await made.egress.invoke(intent, rotated, { matches: () => false }, new Client())
    expect(resultOf(answer).pid).not.toBe(first)
    await expect.poll(() => isAlive(first)).toBe(false)
  })

  test('calls under way at one child are bounded', async () => {
    const made = start('modern')
    const calls = Array.from({ length: 70 }, () => made.send(tool('silent')))
    const kinds = () =>
      Promise.all(calls.slice(64).map(async (call) => ((await call) as { refusal: { reason: string } }).refusal.reason))
    expect(await kinds()).toEqual(Array.from({ length: 6 }, () => 'too_many'))
    await made.egress.stop()
    await Promise.all(calls)
  })

  test('a slow reader loses its call, not the child', async () => {
    const limits = { responseTimeoutMs: 2_000, idleTimeoutMs: 2_000, messageBytes: 400 }
    const made = start('modern', '', { limits })
    const relay = new Client()
    relay.takes = false
    const answer = await made.send(tool('progress', { meta: { progressToken: 'm'.repeat(300) } }), { relay })
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: true })
    expect(resultOf(await made.send(tool('pid'))).pid).toBeGreaterThan(0)
  })
})

test('two upstreams with the same secret are both refused', async () => {
  const secret = (reference: string) =>
    ({ type: 'env', variables: { API_KEY: new Secret(upstreamSecret, reference) } }) as const
  const made = bench([stdioUpstream(script), stdioUpstream(script, { name: 'other', credentials: secret('${OTHER}') })])
  await expect(made.send(tool('pid'))).rejects.toThrow(/another upstream/)
  await expect(made.send(tool('pid', { upstream: 'other' }))).rejects.toThrow(/another upstream/)
})
