import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { later } from './serve.ts'
import { earlierTool, initialize, resultOf, start, tool } from './stdio-rig.ts'
import { Client, modernCall, session } from './support.ts'

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
    later(() => rm(folder, { recursive: true }))
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
    later(() => pending)
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
