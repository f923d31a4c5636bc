import { describe, expect, test } from 'vitest'
import type { RelayedEvent } from '../../src/egress/port.ts'
import { serve } from './serve.ts'
import { Client, earlierCall, session } from './support.ts'
import { json, sse } from './upstream-server.ts'

const progress = (n: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 't', progress: n },
})
const dataOf = (client: Client) => client.events.map(({ data }: RelayedEvent) => (data === '' ? '' : JSON.parse(data)))

describe('streams of 2025-11-25', () => {
  const get = (own = session(), lastEventId?: string) =>
    earlierCall({ kind: 'stream', method: 'GET', id: undefined, params: {}, session: own, lastEventId })

  test('requests of the upstream go to the client under our id, and its answers back under theirs', async () => {
    const asked = { jsonrpc: '2.0', id: 0, method: 'sampling/createMessage', params: { messages: [] } }
    const { send, upstream } = await serve((got, response) => {
      if (got.method === 'POST') response.writeHead(202).end()
      else {
        const stream = sse(response)
        stream.send('', 'prime-1')
        stream.send(asked, 'e-1')
        stream.send({ jsonrpc: '2.0', id: 'two', method: 'roots/list' })
        stream.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'two' } })
        stream.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'unknown' } })
        stream.send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
        stream.end()
      }
    })
    const own = session()
    const relay = new Client()
    expect(await send(get(own), { relay })).toEqual({ kind: 'ended', status: 200 })
    expect(upstream.received[0]).toMatchObject({
      method: 'GET',
      headers: { accept: 'text/event-stream', 'mcp-session-id': 'theirs-1' },
    })
    const [prime, first, second, cancelled, changed] = dataOf(relay)
    expect([prime, relay.events[0]?.id, relay.events[1]?.id]).toEqual(['', 'prime-1', 'e-1'])
    expect(first).toEqual({ ...asked, id: expect.any(Number) })
    expect(first.id).toBeGreaterThan(1_000)
    expect(cancelled.params.requestId).toBe(second.id)
    expect(changed.method).toBe('notifications/tools/list_changed')
    expect(relay.events).toHaveLength(5)

    const response = {
      kind: 'response',
      method: 'response',
      id: undefined,
      answers: first.id,
      params: { result: { role: 'user' } },
    } as const
    expect(await send(earlierCall({ ...response, session: own }))).toEqual({ kind: 'accepted', status: 202 })
    expect(upstream.received[1]?.json).toEqual({ jsonrpc: '2.0', id: 0, result: { role: 'user' } })
    expect(await send(earlierCall({ ...response, session: own }))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'message_invalid' },
      sent: false,
    })
    expect(upstream.received).toHaveLength(2)
  })

  test('what waits for answers is bounded: the oldest gives way', async () => {
    const { send } = await serve((_, response) => {
      const stream = sse(response)
      for (let id = 0; id < 300; id++) stream.send({ jsonrpc: '2.0', id, method: 'roots/list' })
      stream.end()
    })
    const own = session()
    await send(get(own))
    expect(own.asked.size).toBe(256)
    expect([...own.asked.values()][0]).toBe(44)
  })

  test('a client resumes a stream that broke, and gets its response under its own id', async () => {
    let sent = 0
    const { send, upstream } = await serve((got, response) => {
      if (got.method === 'POST') {
        sent = got.json.id
        sse(response).send(progress(1), 'e-1')
        setTimeout(() => response.destroy(), 20)
      } else {
        const stream = sse(response)
        stream.send({ jsonrpc: '2.0', id: sent, result: { ok: true } }, 'e-2')
        stream.end()
      }
    })
    const own = session()
    expect(await send(earlierCall({ session: own, id: 'mine' }))).toEqual({ kind: 'ended', status: 200 })
    const relay = new Client()
    expect(await send(get(own, 'e-1'), { relay })).toEqual({ kind: 'ended', status: 200 })
    expect(upstream.received[1]?.headers['last-event-id']).toBe('e-1')
    expect(dataOf(relay)).toEqual([{ jsonrpc: '2.0', id: 'mine', result: { ok: true } }])
    expect(own.sent.size).toBe(0)
  })

  test('an event id that no header carries is not sent', async () => {
    const { send, upstream } = await serve((_, response) => json(response, 200, {}))
    expect(await send(get(session(), 'a\r\nx: y'))).toMatchObject({ kind: 'refused', sent: false })
    expect(upstream.received).toHaveLength(0)
  })

  test('a client that leaves ends the stream at the upstream', async () => {
    let closed = false
    const { send } = await serve((_, response) => {
      sse(response).send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
      response.on('close', () => {
        closed = true
      })
    })
    const relay = new Client()
    const pending = send(get(), { relay })
    await relay.seen(1)
    relay.leave()
    expect(await pending).toEqual({ kind: 'ended', status: 200 })
    await expect.poll(() => closed).toBe(true)
  })
})
