import { describe, expect, test } from 'vitest'
import { serve } from './serve.ts'
import { Client, modernCall, upstreamSecret } from './support.ts'
import { json, type Received, result } from './upstream-server.ts'

describe('a request of 2026-07-28', () => {
  test('goes out from empty: our id, our headers, the credential, and nothing else', async () => {
    const { send, upstream } = await serve((got, response) => json(response, 200, result(got, { content: [] })))
    const answer = await send(modernCall())
    expect(answer).toMatchObject({
      kind: 'response',
      isError: false,
      status: 200,
      event: undefined,
      upstreamSession: undefined,
    })
    expect(JSON.parse((answer as { json: string }).json)).toEqual({
      jsonrpc: '2.0',
      id: 'client-7',
      result: { resultType: 'complete', content: [] },
    })
    const [got] = upstream.received as [Received]
    expect(got.method).toBe('POST')
    expect(got.url).toBe('/mcp')
    expect(Object.keys(got.headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
      'traceparent',
      'user-agent',
    ])
    expect(got.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      authorization: `Bearer ${upstreamSecret}`,
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-protocol-version': '2026-07-28',
      'user-agent': 'sallyport',
    })
    expect(got.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(got.json).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'hello' }, _meta: modernCall().meta },
    })
  })

  test('has an id of its own at each send, which no client could foretell', async () => {
    const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
    await Promise.all([send(modernCall()), send(modernCall()), send(modernCall())])
    const ids = upstream.received.map((got) => got.json.id)
    expect(new Set(ids).size).toBe(3)
    expect(Math.min(...ids)).toBeGreaterThan(1_000_000)
  })

  test('threat 28: Mcp-Param-* are rebuilt from the body that was verified', async () => {
    const headerParameters = new Map([
      ['mcp-param-region', ['where', 'region']],
      ['mcp-param-count', ['count']],
      ['mcp-param-dry', ['dry']],
      ['mcp-param-absent', ['absent']],
      ['mcp-param-null', ['nothing']],
      ['mcp-param-object', ['where']],
    ])
    const { send, upstream } = await serve(
      (got, response) => json(response, 200, result(got)),
      {},
      { headerParameters },
    )
    const args = { where: { region: 'Zürich\r\nx: y' }, count: -7, dry: false, nothing: null }
    await send(modernCall({ params: { name: 'echo', arguments: args }, arguments: args }))
    const headers = upstream.received[0]?.headers ?? {}
    const encoded = `=?base64?${Buffer.from('Zürich\r\nx: y').toString('base64')}?=`
    expect(headers).toMatchObject({ 'mcp-param-region': encoded, 'mcp-param-count': '-7', 'mcp-param-dry': 'false' })
    expect(
      Object.keys(headers)
        .filter((name) => name.startsWith('mcp-param'))
        .sort(),
    ).toEqual(['mcp-param-count', 'mcp-param-dry', 'mcp-param-region'])
    expect(headers['x']).toBeUndefined()
  })

  test('values too long for headers are refused, and nothing is sent', async () => {
    const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
    const uri = `file:///${'a'.repeat(20_000)}`
    const call = modernCall({
      method: 'resources/read',
      target: { action: 'read', uri },
      params: { uri },
      arguments: undefined,
    })
    expect(await send(call)).toMatchObject({ kind: 'refused', refusal: { reason: 'params_invalid' }, sent: false })
    expect(upstream.received).toHaveLength(0)
  })

  test('an error of the upstream is relayed with its code, whatever the status', async () => {
    const { send } = await serve((got, response) =>
      json(response, 400, { jsonrpc: '2.0', id: got.json.id, error: { code: -32602, message: 'no such tool' } }),
    )
    const answer = await send(modernCall())
    expect(answer).toMatchObject({ kind: 'response', isError: true, status: 400 })
    expect(JSON.parse((answer as { json: string }).json)).toEqual({
      jsonrpc: '2.0',
      id: 'client-7',
      error: { code: -32602, message: 'no such tool' },
    })
  })

  test('what the upstream says reaches the client byte for byte, but for the id', async () => {
    const text = (id: number) =>
      `{ "result" : {"n":12345678901234567890, "b":1.0,"u":"\\u00e9"} ,"jsonrpc":"2.0", "id":${id} }`
    const { send } = await serve((got, response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      response.end(text(got.json.id))
    })
    const answer = await send(modernCall({ id: 3 }))
    expect((answer as { json: string }).json).toBe(text(3))
  })
})

test('a client that has gone before anything was sent', async () => {
  const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
  const relay = new Client()
  relay.leave()
  expect(await send(modernCall(), { relay })).toMatchObject({ kind: 'refused', sent: false })
  expect(upstream.received).toHaveLength(0)
})
