import { describe, expect, test } from 'vitest'
import type { Credential } from '../../src/credentials/port.ts'
import type { Call } from '../../src/mcp/call.ts'
import type { Intent } from '../../src/stages.ts'
import { later, serve } from './serve.ts'
import {
  bench,
  Client,
  earlierCall,
  httpUpstream,
  inboundToken,
  modernCall,
  seal,
  session,
  upstreamSecret,
} from './support.ts'
import { json, result, sse, upstreamOf } from './upstream-server.ts'

const piece = inboundToken.slice(3, 27)
const base64 = (before: string) => Buffer.from(`${before}${inboundToken}..`).toString('base64')
const withText = (text: string) =>
  modernCall({ params: { name: 'echo', arguments: { deep: [{ text }] } }, arguments: { deep: [{ text }] } })

const outgoing: readonly (readonly [string, Call])[] = [
  ['threat 26: an argument', withText(inboundToken)],
  ['threat 26: 24 bytes of it', withText(piece)],
  ['threat 26: base64, first offset', withText(base64(''))],
  ['threat 26: base64, second offset', withText(base64('x'))],
  ['threat 26: base64, third offset', withText(base64('xy'))],
  ['threat 26: base64url', withText(Buffer.from(inboundToken).toString('base64url'))],
  ['threat 26: hex', withText(Buffer.from(inboundToken).toString('hex'))],
  ['threat 26: percent', withText([...Buffer.from(inboundToken)].map((byte) => `%${byte.toString(16)}`).join(''))],
  [
    'threat 26: JSON in a string',
    withText(`"${[...inboundToken].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"`),
  ],
  ['threat 26: a key', modernCall({ params: { name: 'echo', arguments: { [inboundToken]: 1 } } })],
  [
    'threat 27: _meta',
    modernCall({ meta: { 'io.modelcontextprotocol/clientInfo': { name: inboundToken, version: '1' } } }),
  ],
  ['threat 27: a progress token', modernCall({ meta: { progressToken: inboundToken } })],
  ['a name', modernCall({ params: { name: inboundToken } })],
  ['an event id', earlierCall({ kind: 'stream', method: 'GET', id: undefined, params: {}, lastEventId: inboundToken })],
  [
    'a cancellation',
    earlierCall({
      kind: 'notification',
      method: 'notifications/cancelled',
      id: undefined,
      params: { requestId: 1, reason: inboundToken },
      session: session({ sent: new Map([[1, 2]]) }),
    }),
  ],
  [
    'a response',
    earlierCall({
      kind: 'response',
      method: 'response',
      id: undefined,
      answers: 3,
      params: { result: { text: inboundToken } },
      session: session({ asked: new Map([[3, 4]]) }),
    }),
  ],
]

describe('the inbound token on its way out', () => {
  test.each(outgoing)('%s: refused, and not a byte is sent', async (_, call) => {
    const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
    expect(await send(call)).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'leak_outgoing', code: 2007 },
      sent: false,
      status: undefined,
    })
    expect(upstream.received).toHaveLength(0)
    expect(upstream.connections()).toBe(0)
  })

  test('threat 28: in a Mcp-Param-* header', async () => {
    const headerParameters = new Map([['mcp-param-text', ['text']]])
    const { send, upstream } = await serve(
      (got, response) => json(response, 200, result(got)),
      {},
      { headerParameters },
    )
    expect(await send(modernCall({ arguments: { text: inboundToken } }))).toMatchObject({
      refusal: { reason: 'leak_outgoing' },
    })
    expect(upstream.connections()).toBe(0)
  })

  test('the URL of an upstream', async () => {
    const upstream = await upstreamOf((got, response) => json(response, 200, result(got)))
    const made = bench([httpUpstream(`${upstream.url}?token=${inboundToken}`)])
    later(() => upstream.close())
    later(() => made.egress.stop())
    expect(await made.send(modernCall())).toMatchObject({ refusal: { reason: 'leak_outgoing' } })
    expect(upstream.connections()).toBe(0)
  })

  test('a fragment under 24 bytes is declared uncovered', async () => {
    const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
    expect(await send(withText(inboundToken.slice(0, 20)))).toMatchObject({ kind: 'response' })
    expect(upstream.received).toHaveLength(1)
  })

  test('the refusal says nothing of the token', async () => {
    const { send } = await serve((got, response) => json(response, 200, result(got)))
    expect(JSON.stringify(await send(withText(inboundToken)))).not.toContain(piece)
  })
})

const echoes: readonly (readonly [string, string])[] = [
  ['raw', upstreamSecret],
  ['the header', `Bearer ${upstreamSecret}`],
  ['base64', Buffer.from(`a${upstreamSecret}`).toString('base64')],
  ['hex', Buffer.from(upstreamSecret).toString('hex')],
  ['percent', [...upstreamSecret].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')],
]

describe('threat 30: an upstream that gives our credential back', () => {
  test.each(echoes)('in a result: %s', async (_, text) => {
    const { send } = await serve((got, response) =>
      json(response, 200, result(got, { content: [{ type: 'text', text }] })),
    )
    const answer = await send(modernCall())
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming', code: 2007 }, sent: true })
    expect(JSON.stringify(answer)).not.toContain(upstreamSecret)
  })

  test('with JSON escapes, in a key, in an error, with an error status', async () => {
    const escaped = [...upstreamSecret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')
    const bodies = (id: number) => [
      `{"jsonrpc":"2.0","id":${id},"result":{"text":"${escaped}"}}`,
      `{"jsonrpc":"2.0","id":${id},"result":{"${upstreamSecret}":1}}`,
      `{"jsonrpc":"2.0","id":${id},"error":{"code":1,"message":"bad key ${upstreamSecret}"}}`,
      `{"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"bad key ${upstreamSecret}"}}`,
    ]
    let turn = 0
    const { send } = await serve((got, response) => {
      const at = turn++
      response.writeHead(at === 3 ? 500 : 200, { 'content-type': 'application/json' }).end(bodies(got.json.id)[at])
    })
    for (let at = 0; at < 4; at++) {
      expect(await send(modernCall()), `body ${at}`).toMatchObject({
        kind: 'refused',
        refusal: { reason: 'leak_incoming' },
      })
    }
  })

  test('across chunks', async () => {
    const { send } = await serve(async (got, response) => {
      const text = JSON.stringify(result(got, { text: upstreamSecret }))
      const half = text.indexOf(upstreamSecret) + 10
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(text.slice(0, half))
      await new Promise((resolve) => setTimeout(resolve, 30))
      response.end(text.slice(half))
    })
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming' } })
  })

  test.each([
    [
      'a notification',
      (stream: ReturnType<typeof sse>) =>
        stream.send({ jsonrpc: '2.0', method: 'notifications/message', params: { data: upstreamSecret } }),
    ],
    [
      'an event id',
      (stream: ReturnType<typeof sse>) =>
        stream.send({ jsonrpc: '2.0', method: 'notifications/message' }, upstreamSecret),
    ],
    [
      'a request',
      (stream: ReturnType<typeof sse>) =>
        stream.send({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: { message: upstreamSecret } }),
    ],
  ])('in a stream, in %s: the stream ends there', async (_, leak) => {
    let closed = false
    const { send } = await serve((_, response) => {
      response.on('close', () => {
        closed = true
      })
      const stream = sse(response)
      stream.send({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'fine' } })
      leak(stream)
      stream.send({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'later' } })
    })
    const relay = new Client()
    const answer = await send(earlierCall(), { relay })
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming' }, sent: true })
    expect(relay.events.map(({ data }) => data).join()).toContain('fine')
    expect(JSON.stringify(relay.events)).not.toContain(upstreamSecret)
    expect(JSON.stringify(relay.events)).not.toContain('later')
    await expect.poll(() => closed).toBe(true)
  })

  test('in a stream, across chunks and data lines, and in the response', async () => {
    const { send } = await serve(async (got, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const text = `data: ${JSON.stringify(result(got, { text: upstreamSecret }))}\n\n`
      const half = text.indexOf(upstreamSecret) + 10
      response.write(text.slice(0, half))
      await new Promise((resolve) => setTimeout(resolve, 30))
      response.end(text.slice(half))
    })
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming' } })
  })

  test('in headers: none of them is relayed', async () => {
    const { send } = await serve((got, response) => json(response, 200, result(got), { 'x-echo': upstreamSecret }))
    const answer = await send(modernCall())
    expect(answer.kind).toBe('response')
    expect(JSON.stringify(answer)).not.toContain(upstreamSecret)
  })
})

test("threat 81: one upstream's credential is not presented to another", async () => {
  const a = await upstreamOf((got, response) => json(response, 200, result(got)))
  const made = bench([httpUpstream(a.url), httpUpstream(a.url, { name: 'other', credentials: { type: 'none' } })])
  later(() => a.close())
  later(() => made.egress.stop())
  const own = await made.intentOf(modernCall())
  const other = await made.intentOf(modernCall({ upstream: 'other' }))
  const seal = { matches: () => false }
  expect(() => made.egress.invoke(other.intent, own.credential, seal, new Client())).toThrow(/`other`/)
  expect(() =>
    made.egress.invoke({ ...other.intent, upstream: 'vendor' } as never, own.credential, seal, new Client()),
  ).toThrow()
  expect(a.received).toHaveLength(0)
})

test('the types say so already: what was made for one upstream does not compile for another', () => {
  const { egress } = bench([])
  const intent = {} as Intent<'a'>
  const client = new Client()
  const wrong = [
    // @ts-expect-error the credential of another upstream
    () => egress.invoke(intent, {} as Credential<'b'>, seal, client),
    // @ts-expect-error a look-alike that no broker minted
    () => egress.invoke(intent, { upstream: 'a', headers: [], environment: {}, detector: undefined }, seal, client),
    // @ts-expect-error a string where the seal belongs
    () => egress.invoke(intent, {} as Credential<'a'>, inboundToken, client),
    // @ts-expect-error what was authorized, but never recorded
    () => egress.invoke(intent.authorized, {} as Credential<'a'>, seal, client),
  ]
  for (const call of wrong) expect(call).toThrow()
})
