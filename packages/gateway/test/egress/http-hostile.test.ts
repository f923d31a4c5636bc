import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { peerProblem } from '../../src/egress/addresses.ts'
import { later, serve } from './serve.ts'
import { bench, httpUpstream, modernCall } from './support.ts'
import { json, result, upstreamOf } from './upstream-server.ts'

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
  later(async () => {
    await made.egress.stop()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { ...made, count: () => count }
}

const idOf = (request: string) => /"id":(\d+)/.exec(request)?.[1] ?? '0'
const http = (body: string, headers = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`

describe('hostile answers', () => {
  test.each([301, 302, 303, 307, 308])('threat 29: a redirect is not followed (%i)', async (status) => {
    const elsewhere = await upstreamOf((got, response) => json(response, 200, result(got)))
    later(() => elsewhere.close())
    const { send } = await serve((got, response) => json(response, status, result(got), { location: elsewhere.url }))
    expect(await send(modernCall())).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_invalid' },
      sent: true,
      status,
    })
    expect(elsewhere.received).toHaveLength(0)
  })

  test('threat 31, 96: a connection that breaks in mid-call is no reason to send again', async () => {
    const { send, upstream } = await serve((_, _response, request) => void request.socket.destroy())
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
    later(() => dead.close())
    later(() => good.close())
    later(() => made.egress.stop())
    const stuck = Array.from({ length: 300 }, () => made.send(modernCall()))
    expect(await made.send(modernCall({ upstream: 'good' }))).toMatchObject({ kind: 'response' })
    expect(made.egress.states().map(({ inFlight }) => inFlight)).toEqual([256, 0])
    await made.egress.stop()
    const reasons = (await Promise.all(stuck)).map((one) => (one.kind === 'refused' ? one.refusal.reason : one.kind))
    expect(reasons.filter((reason) => reason === 'too_many')).toHaveLength(44)
    expect(reasons.filter((reason) => reason === 'shutting_down')).toHaveLength(256)
  })
})

test.each([
  ['93.184.216.34', 'https:', false, undefined],
  ['10.0.0.1', 'https:', false, undefined],
  ['127.0.0.1', 'http:', false, undefined],
  ['::1', 'http:', false, undefined],
  ['10.0.0.1', 'http:', false, 'plain HTTP'],
  ['10.0.0.1', 'http:', true, undefined],
  ['169.254.169.254', 'https:', false, 'not one for an upstream'],
  ['::ffff:169.254.169.254', 'http:', true, 'not one for an upstream'],
  ['64:ff9b::a9fe:a9fe', 'https:', true, 'not one for an upstream'],
  ['fe80::1%eth0', 'https:', true, 'not one for an upstream'],
  ['fd00:ec2::254', 'https:', true, 'not one for an upstream'],
  [undefined, 'https:', true, 'not one for an upstream'],
])('whom a connection may reach: %s over %s, insecureHttp %s', (peer, protocol, insecureHttp, problem) => {
  const found = peerProblem(peer, protocol, insecureHttp)
  if (problem === undefined) expect(found).toBeUndefined()
  else expect(found).toContain(problem)
})
