import { describe, expect, test } from 'vitest'
import type { RelayedEvent } from '../../src/egress/port.ts'
import { serve } from './serve.ts'
import { Client, modernCall } from './support.ts'
import { result, sse } from './upstream-server.ts'

const progress = (n: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 't', progress: n },
})
const dataOf = (client: Client) => client.events.map(({ data }: RelayedEvent) => (data === '' ? '' : JSON.parse(data)))

describe('a stream that answers a call', () => {
  test('begins at once, and hands each event on as it comes', async () => {
    let finish = () => {}
    const { send } = await serve((got, response) => {
      const stream = sse(response)
      stream.send(progress(1))
      finish = () => {
        stream.send(result(got), 'e-2')
        stream.end()
      }
    })
    const relay = new Client()
    const pending = send(modernCall(), { relay })
    await relay.seen(1)
    expect(relay.begun).toBe(1)
    expect(dataOf(relay)).toEqual([progress(1)])
    finish()
    const answer = await pending
    expect(answer).toMatchObject({ kind: 'response', isError: false, event: { id: 'e-2', retry: undefined } })
    expect(JSON.parse((answer as { json: string }).json)).toMatchObject({ id: 'client-7' })
    expect(relay.events).toHaveLength(1)
  })

  test('its connection serves the next call when it ended in order', async () => {
    const { send, upstream, egress } = await serve((got, response) => {
      const stream = sse(response)
      stream.send(result(got))
      stream.end()
    })
    for (let sends = 0; sends < 6; sends++) {
      await send(modernCall())
      await expect.poll(() => egress.states()[0]?.inFlight).toBe(0)
    }
    // Two: undici hands a connection back one turn of the event loop after its answer.
    expect(upstream.connections()).toBeLessThanOrEqual(2)
  })

  test('threat 97: who says more after the response is cut off', async () => {
    let closed = false
    const { send } = await serve((got, response) => {
      const stream = sse(response)
      stream.send(result(got))
      const timer = setInterval(() => stream.send(progress(9)), 5)
      response.on('close', () => {
        closed = true
        clearInterval(timer)
      })
    })
    const relay = new Client()
    expect(await send(modernCall(), { relay })).toMatchObject({ kind: 'response' })
    await expect.poll(() => closed).toBe(true)
    expect(relay.events).toHaveLength(0)
  })

  test('threat 94: an endless stream ends with its client, and an endless event with its size', async () => {
    let closed = 0
    const { send } = await serve((got, response) => {
      const stream = sse(response)
      response.on('close', () => closed++)
      if (got.json.params.name === 'event') {
        response.write('data: ')
        const timer = setInterval(() => response.write('x'.repeat(60_000)), 1)
        response.on('close', () => clearInterval(timer))
      } else {
        const timer = setInterval(() => stream.send(progress(1)), 1)
        response.on('close', () => clearInterval(timer))
      }
    })
    const relay = new Client()
    const pending = send(modernCall(), { relay })
    await relay.seen(20)
    relay.leave()
    expect(await pending).toEqual({ kind: 'ended', status: 200 })
    await expect.poll(() => closed).toBe(1)
    const large = await send(modernCall({ params: { name: 'event' } }))
    expect(large).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' }, sent: true })
    await expect.poll(() => closed).toBe(2)
  })

  test('threat 95: a slow reader holds the upstream up, and gets every event in order', async () => {
    const total = 3_000
    let written = 0
    const { send } = await serve(async (got, response) => {
      const stream = sse(response)
      const message = 'x'.repeat(10_000)
      for (; written < total; written++) {
        const { params, ...notification } = progress(written)
        const more = response.write(`data: ${JSON.stringify({ ...notification, params: { ...params, message } })}\n\n`)
        if (!more) await new Promise((resolve) => response.once('drain', resolve))
      }
      stream.send(result(got))
      stream.end()
    })
    const relay = new Client()
    relay.takes = false
    const pending = send(modernCall(), { relay })
    await relay.seen(1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(relay.events).toHaveLength(1)
    expect(written).toBeLessThan(total / 2)
    relay.catchUp()
    expect(await pending).toMatchObject({ kind: 'response' })
    expect(dataOf(relay).map((event) => event.params.progress)).toEqual(Array.from({ length: total }, (_, n) => n))
  })

  test.each([
    ['no JSON', 'data: nothing\n\n'],
    ['a batch', 'data: []\n\n'],
    ['a response to nothing', 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'],
    ['a request of the upstream', 'data: {"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}\n\n'],
  ])('an event of a modern stream that is none: %s', async (_, text) => {
    const { send } = await serve((_, response) => {
      sse(response)
      response.write(text)
    })
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
      sent: true,
    })
  })

  test('a stream that ends without a response', async () => {
    const { send } = await serve((_, response) => {
      const stream = sse(response)
      stream.send(progress(1))
      stream.end()
    })
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
  })

  test('silence in a stream is bounded', async () => {
    const limits = { responseTimeoutMs: 500, idleTimeoutMs: 200, messageBytes: 10_000 }
    const { send } = await serve((_, response) => void sse(response).send(progress(1)), { limits })
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_timeout' },
      sent: true,
    })
  })
})

describe('subscriptions of 2026-07-28', () => {
  const listen = () =>
    modernCall({
      method: 'subscriptions/listen',
      target: { action: 'list' },
      params: { notifications: { toolsListChanged: true } },
      id: 'sub-1',
    })
  const key = 'io.modelcontextprotocol/subscriptionId'

  test('carry the id of the client, on notifications, the response and the cancellation', async () => {
    const { send } = await serve((got, response) => {
      const stream = sse(response)
      const _meta = { [key]: got.json.id }
      stream.send({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta, notifications: {} },
      })
      stream.send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } })
      stream.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: got.json.id } })
      stream.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } })
      stream.send({ jsonrpc: '2.0', id: got.json.id, result: { resultType: 'complete', _meta } })
      stream.end()
    })
    const relay = new Client()
    const answer = await send(listen(), { relay })
    expect(dataOf(relay).map(({ params }) => params._meta?.[key] ?? params.requestId)).toEqual([
      'sub-1',
      'sub-1',
      'sub-1',
    ])
    expect(JSON.parse((answer as { json: string }).json)).toMatchObject({
      id: 'sub-1',
      result: { _meta: { [key]: 'sub-1' } },
    })
  })

  test('one that breaks has ended: the client may listen anew', async () => {
    const { send } = await serve((_, response) => {
      sse(response).send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
      setTimeout(() => response.destroy(), 20)
    })
    expect(await send(listen())).toEqual({ kind: 'ended', status: 200 })
  })
})
