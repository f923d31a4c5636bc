import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Bench,
  bench,
  Client,
  earlierCall,
  httpUpstream,
  json,
  modernCall,
  type Received,
  result,
  session,
  type Upstream,
  upstreamOf,
  upstreamSecret,
} from './support.ts'

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close()
})

async function serve(
  answer: Parameters<typeof upstreamOf>[0],
  overrides = {},
  options = {},
): Promise<Bench & { readonly upstream: Upstream }> {
  const upstream = await upstreamOf(answer)
  const made = bench([httpUpstream(upstream.url, overrides)], options)
  closing.push(upstream, { close: () => made.egress.stop() })
  return { ...made, upstream }
}

/** A server that is not quite HTTP. */
async function raw(respond: (requestText: string, count: number) => string, overrides = {}) {
  let count = 0
  const sockets = new Set<import('node:net').Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => socket.write(respond(data.toString('latin1'), ++count)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const made = bench([httpUpstream(`http://127.0.0.1:${port}/mcp`, overrides)])
  closing.push({
    close: async () => {
      await made.egress.stop()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return { ...made, count: () => count }
}

const idOf = (request: string) => /"id":(\d+)/.exec(request)?.[1] ?? '0'
const http = (body: string, headers = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`

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

describe('hostile answers', () => {
  test.each([301, 302, 303, 307, 308])('threat 29: a redirect is not followed (%i)', async (status) => {
    const elsewhere = await upstreamOf((got, response) => json(response, 200, result(got)))
    closing.push(elsewhere)
    const { send } = await serve((_, response) => void response.writeHead(status, { location: elsewhere.url }).end())
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
      sent: true,
      status,
    })
    expect(elsewhere.received).toHaveLength(0)
  })

  test('threat 31, 96: a connection that breaks in mid-call is no reason to send again', async () => {
    const { send, upstream } = await serve((_, response, request) => void request.socket.destroy())
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
    expect(upstream.received).toHaveLength(1)
  })

  test('threat 96: half a response is no response, and nothing is sent again', async () => {
    const { send, upstream } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
      response.write('{"jsonrpc":"2.0","id"')
      setTimeout(() => response.destroy(), 20)
    })
    const answer = await send(modernCall())
    expect(answer).toMatchObject({ kind: 'refused', sent: true })
    expect(upstream.received).toHaveLength(1)
  })

  test('threat 93: an encoded answer is refused', async () => {
    const { send } = await serve((got, response) => json(response, 200, result(got), { 'content-encoding': 'gzip' }))
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
  })

  test('threat 91, 94: an answer larger than a message may be is cut off, announced or not', async () => {
    const announced = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99999999' }).write(' ')
    })
    expect(await announced.send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
    })
    const endless = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '.repeat(50_000)), 2)
      response.on('close', () => clearInterval(timer))
    })
    expect(await endless.send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
  })

  test('an answer that drips is cut off after its time', async () => {
    const limits = { responseTimeoutMs: 150, idleTimeoutMs: 150, messageBytes: 10_000 }
    const { send } = await serve(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 30)
        response.on('close', () => clearInterval(timer))
      },
      { limits },
    )
    const answer = await send(modernCall())
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_timeout' }, sent: true })
  })

  test('no answer in time', async () => {
    const limits = { responseTimeoutMs: 200, idleTimeoutMs: 200, messageBytes: 10_000 }
    const { send } = await serve(() => undefined, { limits })
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_timeout' },
      sent: true,
    })
  })

  test('response headers are bounded', async () => {
    const { send } = await serve((got, response) => json(response, 200, result(got), { 'x-large': 'a'.repeat(60_000) }))
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
  })

  test.each([
    ['no JSON', 'nothing'],
    ['a batch', '[]'],
    ['half of it', '{"jsonrpc":"2.0","id":ID,"result":{'],
    ['another id', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['the id as a string', '{"jsonrpc":"2.0","id":"ID","result":{}}'],
    ['no id', '{"jsonrpc":"2.0","result":{}}'],
    ['two ids', '{"jsonrpc":"2.0","id":1,"id":ID,"result":{}}'],
    ['a request', '{"jsonrpc":"2.0","id":ID,"method":"sampling/createMessage"}'],
    ['a BOM', '\ufeff{"jsonrpc":"2.0","id":ID,"result":{}}'],
    ['result and error', '{"jsonrpc":"2.0","id":ID,"result":{},"error":{}}'],
  ])('an answer that is none: %s', async (_, text) => {
    const { send } = await serve((got, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(text.replaceAll('ID', String(got.json.id)))
    })
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
      sent: true,
    })
  })

  test('an answer that is not UTF-8, or neither JSON nor a stream', async () => {
    const latin = await serve((got, response) => {
      const text = `{"jsonrpc":"2.0","id":${got.json.id},"result":{"a":"\xe9"}}`
      response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from(text, 'latin1'))
    })
    expect(await latin.send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
    const html = await serve((_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'))
    expect(await html.send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
    const accepted = await serve((_, response) => void response.writeHead(202).end())
    expect(await accepted.send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
    })
  })

  test.each([401, 403])(
    'a %i says nothing of the upstream to the client, and the call is not sent again',
    async (status) => {
      const { send, upstream, rejected } = await serve((_, response) => {
        response
          .writeHead(status, { 'www-authenticate': 'Bearer resource_metadata="https://evil.example"' })
          .end('sign in')
      })
      const answer = await send(modernCall())
      expect(answer).toMatchObject({
        kind: 'refused',
        refusal: { reason: 'credential_unavailable', status: 503 },
        sent: true,
        status,
      })
      expect(JSON.stringify(answer)).not.toContain('evil')
      expect(upstream.received).toHaveLength(1)
      expect(rejected).toEqual(status === 401 ? ['vendor'] : [])
    },
  )

  test('a busy upstream says when to come back', async () => {
    const { send } = await serve((_, response) => void response.writeHead(503, { 'retry-after': '7' }).end())
    expect(await send(modernCall())).toMatchObject({
      refusal: { reason: 'upstream_unavailable', retryAfterSeconds: 7 },
    })
  })

  test('threat 97: a connection that answers unasked is not used again', async () => {
    const planted = '{"jsonrpc":"2.0","id":1,"result":{"planted":true}}'
    const { send, count } = await raw(
      (request) => http(`{"jsonrpc":"2.0","id":${idOf(request)},"result":{}}`) + http(planted),
    )
    for (let sends = 1; sends <= 3; sends++) {
      const answer = await send(modernCall())
      expect(answer).toMatchObject({ kind: 'response' })
      expect((answer as { json: string }).json).not.toContain('planted')
    }
    expect(count()).toBe(3)
  })

  test('threat 97: framing that contradicts itself', async () => {
    const body = (request: string) => `{"jsonrpc":"2.0","id":${idOf(request)},"result":{}}`
    const { send } = await raw((request) => http(body(request), 'transfer-encoding: chunked\r\n'))
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', sent: true })
    const twice = await raw((request) => http(body(request), 'content-length: 3\r\n'))
    expect(await twice.send(modernCall())).toMatchObject({ kind: 'refused', sent: true })
  })

  test('endless informational answers do not hold a call up', async () => {
    const { send } = await raw(() => 'HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n'.repeat(50))
    expect(await send(modernCall())).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_invalid' } })
  })

  test('nobody listens: refused, and known not to have been sent', async () => {
    const { send } = bench([httpUpstream('http://127.0.0.1:1/mcp')])
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: false,
    })
  })

  test.each([
    'http://169.254.169.254/mcp',
    'http://[::ffff:169.254.169.254]/mcp',
    'http://[fe80::1]/mcp',
    'http://168.63.129.16/mcp',
  ])('no upstream at a link-local or metadata address: %s', async (url) => {
    const { send } = bench([httpUpstream(url, { insecureHttp: true })])
    const answer = await send(modernCall())
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: false })
    expect(JSON.stringify(answer)).toContain('not one for an upstream')
  })

  test('an upstream that is broken touches no other', async () => {
    const dead = await upstreamOf(() => undefined)
    const good = await upstreamOf((got, response) => json(response, 200, result(got)))
    const made = bench([
      httpUpstream(dead.url),
      httpUpstream(good.url, { name: 'good', credentials: { type: 'none' } }),
    ])
    closing.push(dead, good, { close: () => made.egress.stop() })
    const stuck = Array.from({ length: 300 }, () => made.send(modernCall()))
    expect(await made.send(modernCall({ upstream: 'good' }))).toMatchObject({ kind: 'response' })
    expect(made.egress.states().map(({ inFlight }) => inFlight)).toEqual([256, 0])
    await made.egress.stop()
    const reasons = (await Promise.all(stuck)).map((one) => (one.kind === 'refused' ? one.refusal.reason : one.kind))
    expect(reasons.filter((reason) => reason === 'too_many')).toHaveLength(44)
    expect(reasons.filter((reason) => reason === 'shutting_down')).toHaveLength(256)
  })
})

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

test('a client that has gone before anything was sent', async () => {
  const { send, upstream } = await serve((got, response) => json(response, 200, result(got)))
  const relay = new Client()
  relay.leave()
  expect(await send(modernCall(), { relay })).toMatchObject({ kind: 'refused', sent: false })
  expect(upstream.received).toHaveLength(0)
})
