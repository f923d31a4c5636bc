import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refuse } from '../../src/refusal.ts'
import {
  bobToken,
  but,
  earlier,
  initialize,
  openSession,
  type Perform,
  type Rig,
  respond,
  send,
  startRig,
} from './rig.ts'

describe('sessions over HTTP', () => {
  let rig: Rig
  let perform: Perform | undefined
  const stock: Perform = ({ call }) =>
    call.kind === 'request'
      ? respond(call.id, call.method === 'initialize' ? { protocolVersion: '2025-06-18' } : {})
      : { kind: 'accepted', status: 202 }
  beforeAll(async () => {
    rig = await startRig({ perform: (request, relay) => (perform ?? stock)(request, relay) })
  })
  afterAll(() => rig.stop())
  const refusedAs = () => rig.refused.at(-1)?.refusal.reason

  test('a successful initialize opens one, and every later message is in it', async () => {
    const reply = await send(rig, initialize)
    const id = reply.headers.get('mcp-session-id') ?? ''
    expect([reply.status, id.length]).toEqual([200, 22])
    expect(rig.accepted.at(-1)?.call).toMatchObject({
      era: 'earlier',
      protocolVersion: '2025-11-25',
      session: undefined,
    })

    const told = await send(rig, earlier('notifications/initialized', undefined, id))
    expect([told.status, told.body, told.headers.get('content-length')]).toEqual([202, '', '0'])
    const listed = await send(rig, earlier('tools/list', {}, id))
    expect([listed.status, listed.headers.has('mcp-session-id')]).toEqual([200, false])
    expect(rig.accepted.at(-1)?.call).toMatchObject({
      kind: 'request',
      protocolVersion: '2025-06-18',
      session: { id, upstream: 'vendor' },
    })
  })

  test('a failed one opens none', async () => {
    const before = rig.sessions.size
    perform = ({ call }) => ({
      kind: 'response',
      json: `{"jsonrpc":"2.0","id":${call.id},"error":{"code":-32602,"message":"no"}}`,
      isError: true,
      status: 200,
      event: undefined,
      upstreamSession: undefined,
    })
    expect((await send(rig, initialize)).headers.has('mcp-session-id')).toBe(false)
    perform = () => refuse('not_permitted', 'no')
    expect((await send(rig, initialize)).headers.has('mcp-session-id')).toBe(false)
    perform = undefined
    expect(rig.sessions.size).toBe(before)
  })

  test('one whose result nobody can read still has a version', async () => {
    perform = () => ({
      kind: 'response',
      json: '{"jsonrpc":"2.0","id":1,"result":{]}',
      isError: false,
      status: 200,
      event: undefined,
      upstreamSession: 'theirs',
    })
    const id = await openSession(rig)
    perform = undefined
    await send(rig, earlier('ping', {}, id))
    expect(rig.accepted.at(-1)?.call.session).toMatchObject({
      protocolVersion: '2025-03-26',
      upstreamSession: 'theirs',
    })
  })

  test('a version that a client or an upstream makes up goes no further', async () => {
    const offer = { protocolVersion: '2099-01-01', capabilities: {}, clientInfo: {} }
    perform = ({ call }) => respond(call.id, { protocolVersion: 'a\r\nb' })
    const reply = await send(rig, earlier('initialize', offer))
    perform = undefined
    expect(rig.accepted.at(-1)?.call).toMatchObject({ protocolVersion: '2025-11-25', params: offer })
    await send(rig, earlier('ping', {}, reply.headers.get('mcp-session-id')))
    expect(rig.accepted.at(-1)?.call.protocolVersion).toBe('2025-03-26')
  })

  test('another principal’s, another endpoint’s and an unknown one are alike: 404', async () => {
    const id = await openSession(rig)
    const ping = earlier('ping', {}, id)
    const foreign = await send(rig, but(ping, { headers: { Authorization: `Bearer ${bobToken}` } }))
    const elsewhere = await send(rig, { ...ping, target: '/mcp/files' })
    const unknown = await send(rig, earlier('ping', {}, 'A'.repeat(22)))
    for (const reply of [foreign, elsewhere, unknown]) {
      expect([reply.status, refusedAs()]).toEqual([404, 'session_unknown'])
      expect(reply.json.error.message).toBe('no such session; initialize again')
    }
    expect((await send(rig, ping)).status).toBe(200)
  })

  test('a message without one is 400, which is no end of a session', async () => {
    const reply = await send(rig, earlier('tools/list', {}))
    expect([reply.status, reply.json.id]).toEqual([400, 1])
    expect(reply.json.error.message).toBe('Mcp-Session-Id is missing; initialize first')
  })

  describe('threat 66: the version header', () => {
    test.each(['2025-11-25', '2025-06-18', '2025-03-26', undefined])(
      '%s: the session’s own counts',
      async (version) => {
        const id = await openSession(rig)
        const reply = await send(rig, but(earlier('ping', {}, id), { headers: { 'MCP-Protocol-Version': version } }))
        expect([reply.status, rig.accepted.at(-1)?.call.protocolVersion]).toEqual([200, '2025-06-18'])
      },
    )
    test.each(['2024-11-05', '1.0', 'v999'])('%s is refused', async (version) => {
      const id = await openSession(rig)
      const reply = await send(rig, but(earlier('ping', {}, id), { headers: { 'MCP-Protocol-Version': version } }))
      expect([reply.status, refusedAs()]).toEqual([400, 'version_unsupported'])
    })
    test('2026-07-28 makes it a modern message, which lacks what those carry', async () => {
      const id = await openSession(rig)
      const reply = await send(
        rig,
        but(earlier('tools/list', {}, id), { headers: { 'MCP-Protocol-Version': '2026-07-28' } }),
      )
      expect([reply.status, reply.json.error.code]).toEqual([400, -32602])
    })
  })

  test('an unknown method is a JSON-RPC error, as 404 would end the session', async () => {
    const id = await openSession(rig)
    const reply = await send(rig, earlier('server/discover', {}, id))
    expect([reply.status, reply.json.error.code, reply.json.id]).toEqual([200, -32601, 1])
    const bad = await send(rig, earlier('tools/call', { name: '' }, id))
    expect([bad.status, bad.json.error.code]).toEqual([200, -32602])
    const told = await send(rig, earlier('notifications/unknown', {}, id))
    expect(told.status).toBe(400)
  })

  test('a refused notification is never answered with 200', async () => {
    const id = await openSession(rig)
    perform = () => refuse('not_permitted', 'no')
    const reply = await send(rig, earlier('notifications/roots/list_changed', {}, id))
    perform = undefined
    expect([reply.status, reply.json.error.code]).toEqual([403, 2001])
  })

  test('a client answers only what the upstream asked in this session', async () => {
    const id = await openSession(rig)
    const answer = {
      headers: { 'Mcp-Session-Id': id },
      body: { jsonrpc: '2.0', id: 77, result: { action: 'accept', _meta: { baggage: 'x' } } },
    }
    expect([(await send(rig, answer)).status, refusedAs()]).toEqual([400, 'message_invalid'])
    await send(rig, earlier('ping', {}, id))
    rig.accepted.at(-1)?.call.session?.asked.set(77, 'theirs')
    expect((await send(rig, answer)).status).toBe(202)
    expect(rig.accepted.at(-1)?.call).toMatchObject({
      kind: 'response',
      method: 'response',
      answers: 77,
      id: undefined,
      params: { result: { action: 'accept' } },
      target: { action: 'list' },
    })
  })

  test('what a client cancels is named by its own id', async () => {
    const id = await openSession(rig)
    await send(rig, earlier('notifications/cancelled', { requestId: 'mine', reason: 'x' }, id))
    expect(rig.accepted.at(-1)?.call.params).toEqual({ requestId: 'mine', reason: 'x' })
  })

  test('GET opens the stream, and resumes one', async () => {
    const id = await openSession(rig)
    const get = { method: 'GET', headers: { 'Mcp-Session-Id': id, 'Last-Event-ID': 'theirs_7 x' } }
    perform = ({ call }, relay) => {
      relay.begin()
      relay.event({ id: 'e1', retry: undefined, data: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}' })
      expect(call).toMatchObject({ kind: 'stream', method: 'GET', lastEventId: 'theirs_7 x', session: { id } })
      return { kind: 'ended', status: 200 }
    }
    const reply = await send(rig, get)
    perform = undefined
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(reply.body).toContain('id: e1\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n')
  })

  test('an upstream without such a stream: 405', async () => {
    const id = await openSession(rig)
    perform = () => ({ kind: 'ended', status: 405 })
    const reply = await send(rig, { method: 'GET', headers: { 'Mcp-Session-Id': id } })
    perform = undefined
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  })

  test.each(['GET', 'DELETE'])('%s without a session, or with none of its own', async (method) => {
    expect((await send(rig, { method })).status).toBe(400)
    expect((await send(rig, { method, headers: { 'Mcp-Session-Id': 'x' } })).status).toBe(404)
    const id = await openSession(rig)
    const foreign = await send(rig, { method, headers: { 'Mcp-Session-Id': id, Authorization: `Bearer ${bobToken}` } })
    expect(foreign.status).toBe(404)
    expect(
      (await send(rig, { method, headers: { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': '2024-11-05' } })).status,
    ).toBe(400)
  })

  test('an event id that no header may carry on', async () => {
    const id = await openSession(rig)
    const reply = await send(rig, { method: 'GET', headers: { 'Mcp-Session-Id': id, 'Last-Event-ID': 'caf\xe9' } })
    expect([reply.status, refusedAs()]).toEqual([400, 'header_invalid'])
  })

  test('DELETE ends it, whatever the upstream says', async () => {
    for (const answer of [{ kind: 'accepted', status: 200 } as const, refuse('upstream_unavailable', 'gone')]) {
      const id = await openSession(rig)
      perform = () => answer
      const reply = await send(rig, { method: 'DELETE', headers: { 'Mcp-Session-Id': id } })
      perform = undefined
      expect(reply.status).toBe('refused' in answer ? 503 : 204)
      expect((await send(rig, earlier('ping', {}, id))).status).toBe(404)
    }
  })

  test('one that the upstream has lost ends', async () => {
    const id = await openSession(rig)
    perform = () => ({
      kind: 'refused',
      refusal: refuse('session_unknown', 'the upstream lost it'),
      sent: true,
      status: 404,
    })
    expect((await send(rig, earlier('ping', {}, id))).status).toBe(404)
    perform = undefined
    expect((await send(rig, earlier('ping', {}, id))).status).toBe(404)
    expect(refusedAs()).toBe('session_unknown')
  })
})
