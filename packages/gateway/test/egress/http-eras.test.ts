import { describe, expect, test } from 'vitest'
import { serve } from './serve.ts'
import { earlierCall, modernCall, session } from './support.ts'
import { json, result } from './upstream-server.ts'

describe('which era an upstream speaks', () => {
  test.each([
    [400, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: Server not initialized' } }],
    [400, { jsonrpc: '2.0', id: 'server-error', error: { code: -32600, message: 'Missing session ID' } }],
    [404, undefined],
    [405, undefined],
  ])(
    'a modern call to an earlier server (%i) is refused with its versions, and the next is not sent',
    async (status, body) => {
      const { send, upstream, egress } = await serve((_, response) =>
        body === undefined ? void response.writeHead(status).end('no') : json(response, status, body),
      )
      const refusal = {
        reason: 'version_unsupported',
        data: { supported: ['2025-11-25', '2025-06-18', '2025-03-26'], requested: '2026-07-28' },
      }
      expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal, sent: true })
      expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal, sent: false })
      expect(upstream.received).toHaveLength(1)
      expect(egress.states()[0]?.onlyEra).toBe('earlier')
    },
  )

  test.each([
    [401, false],
    [403, false],
    [500, false],
    [503, false],
  ])('a %i is no evidence', async (status) => {
    const { send, upstream, egress } = await serve((_, response) => void response.writeHead(status).end())
    await send(modernCall())
    expect(egress.states()[0]?.onlyEra).toBeUndefined()
    await send(modernCall())
    expect(upstream.received).toHaveLength(2)
  })

  test.each([
    [400, -32022],
    [400, -32020],
    [404, -32601],
  ])('a modern error (%i, %i) is relayed, and is no evidence of an earlier server', async (status, code) => {
    const { send, egress } = await serve((got, response) =>
      json(response, status, {
        jsonrpc: '2.0',
        id: got.json.id,
        error: { code, message: 'm', data: { supported: ['2027-01-01'] } },
      }),
    )
    expect(await send(modernCall())).toMatchObject({ kind: 'response', isError: true, status })
    expect(egress.states()[0]?.onlyEra).toBeUndefined()
  })

  test('a stray 404 of an upstream that was seen to be modern is its fault, not an era', async () => {
    let broken = false
    const { send, egress } = await serve((got, response) =>
      broken ? void response.writeHead(404).end() : json(response, 200, result(got)),
    )
    expect(await send(modernCall())).toMatchObject({ kind: 'response' })
    broken = true
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
    expect(egress.states()[0]?.onlyEra).toBeUndefined()
  })

  test('initialize at a modern server is refused with its versions, and the next is not sent', async () => {
    const { send, upstream } = await serve((_, response) =>
      json(response, 400, {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32022, message: 'm', data: { supported: ['2026-07-28'] } },
      }),
    )
    const call = earlierCall({ method: 'initialize', session: undefined, params: { protocolVersion: '2025-11-25' } })
    const refusal = { reason: 'version_unsupported', data: { supported: ['2026-07-28'], requested: '2025-11-25' } }
    expect(await send(call)).toMatchObject({ kind: 'refused', refusal, sent: true })
    expect(await send(call)).toMatchObject({ kind: 'refused', refusal, sent: false })
    expect(upstream.received).toHaveLength(1)
  })
})

describe('sessions of 2025-11-25', () => {
  test('the upstream gives its session id, and gets it back on what follows', async () => {
    const { send, upstream } = await serve((got, response) =>
      json(response, 200, { jsonrpc: '2.0', id: got.json.id, result: {} }, { 'mcp-session-id': 'theirs-9' }),
    )
    const opened = await send(
      earlierCall({ method: 'initialize', session: undefined, params: { protocolVersion: '2025-11-25' } }),
    )
    expect(opened).toMatchObject({ kind: 'response', upstreamSession: 'theirs-9' })
    expect(upstream.received[0]?.headers['mcp-protocol-version']).toBeUndefined()
    await send(earlierCall({ session: session({ upstreamSession: 'theirs-9' }) }))
    expect(upstream.received[1]?.headers).toMatchObject({
      'mcp-session-id': 'theirs-9',
      'mcp-protocol-version': '2025-11-25',
    })
    expect(upstream.received[1]?.headers['mcp-method']).toBeUndefined()
    expect(upstream.received[1]?.json.params).toEqual({ name: 'echo', arguments: { text: 'hello' } })
  })

  test('a session id that no header could carry back is refused', async () => {
    const { send } = await serve((got, response) =>
      json(response, 200, { jsonrpc: '2.0', id: got.json.id, result: {} }, { 'mcp-session-id': 'a b' }),
    )
    const call = earlierCall({ method: 'initialize', session: undefined, params: {} })
    expect(await send(call)).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
  })

  test.each([
    [404, ''],
    [400, '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}'],
  ])('a lost session (%i) makes the client initialize anew', async (status, body) => {
    const { send } = await serve(
      (_, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body),
    )
    expect(await send(earlierCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'session_unknown', status: 404 },
    })
  })

  test('notifications are taken; a cancellation names our id of the request, and nothing once it is over', async () => {
    let release = () => {}
    const { send, upstream } = await serve((got, response) => {
      if (got.json.id === undefined) response.writeHead(202).end()
      else release = () => json(response, 200, { jsonrpc: '2.0', id: got.json.id, result: {} })
    })
    const own = session()
    const pending = send(earlierCall({ session: own, id: 5 }))
    await expect.poll(() => upstream.received.length).toBe(1)
    const cancel = earlierCall({
      session: own,
      kind: 'notification',
      method: 'notifications/cancelled',
      id: undefined,
      params: { requestId: 5 },
    })
    expect(await send(cancel)).toEqual({ kind: 'accepted', status: 202 })
    expect(upstream.received[1]?.json).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: upstream.received[0]?.json.id },
    })
    release()
    await pending
    expect(own.sent.size).toBe(0)
    expect(await send(cancel)).toEqual({ kind: 'accepted', status: 202 })
    expect(upstream.received).toHaveLength(2)
  })

  test('DELETE ends the session; one that the upstream never had is not sent', async () => {
    const { send, upstream } = await serve((_, response) => void response.writeHead(405).end())
    const end = { kind: 'end', method: 'DELETE', id: undefined, params: {} } as const
    expect(await send(earlierCall(end))).toEqual({ kind: 'accepted', status: 405 })
    expect(upstream.received[0]).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 'theirs-1' } })
    expect(await send(earlierCall({ ...end, session: session({ upstreamSession: undefined }) }))).toEqual({
      kind: 'accepted',
      status: 204,
    })
    expect(upstream.received).toHaveLength(1)
  })

  test('GET where the upstream offers no stream', async () => {
    const { send } = await serve((_, response) => void response.writeHead(405).end())
    const stream = earlierCall({ kind: 'stream', method: 'GET', id: undefined, params: {} })
    expect(await send(stream)).toMatchObject({ kind: 'refused', refusal: { reason: 'method_not_allowed' } })
  })
})
