/**
 * A random token in every channel of threat group C. None of its bytes may be seen beyond the gateway: not at an
 * HTTP upstream, not at a stdio upstream, not in the log, the store, the output or the metrics.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findSightings } from '../../packages/gateway/src/demo/sightings.ts'
import { CapturingUpstream } from '../harness/capture.ts'
import { filesBelow } from '../harness/files.ts'
import { type RunningGateway, repository, startGateway } from '../harness/gateway.ts'
import { type ModernCall, type RawAnswer, sendModern } from '../harness/raw.ts'

const vendorKey = 'vendor-credential-0123456789abcdef'
const stdioKey = 'stdio-credential-0123456789abcdef'
let upstream: CapturingUpstream
let gateway: RunningGateway
let token: string
let stdioToken: string

beforeAll(async () => {
  upstream = await CapturingUpstream.start()
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: upstream.url, credentials: { type: 'bearer', token: { secret: vendorKey } } },
      {
        name: 'child',
        command: process.execPath,
        args: [path.join(repository, 'tests', 'harness', 'recording-child.mjs'), 'child-record.bin'],
        env: { API_KEY: { secret: stdioKey } },
      },
    ],
  })
  token = await gateway.token('vendor')
  stdioToken = await gateway.token('child')
  expect((await call({})).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await upstream?.stop()
})

beforeEach(() => {
  upstream.received.length = 0
  upstream.requests = 0
  upstream.misbehave = () => false
})

function call(more: Partial<ModernCall>): Promise<RawAnswer> {
  return sendModern({
    url: gateway.endpoint('vendor'),
    token,
    name: 'echo',
    params: { name: 'echo', arguments: { message: 'hello' } },
    ...more,
  })
}

function withMessage(message: string): Partial<ModernCall> {
  return { params: { name: 'echo', arguments: { message } } }
}

/** The refusal's code, wherever the answer carries it. */
function codeOf(answer: RawAnswer): number | undefined {
  const body = JSON.parse(answer.body) as {
    error?: { code: number }
    result?: { _meta?: Record<string, { code: number }> }
  }
  return body.error?.code ?? body.result?._meta?.['dev.sallyport/refusal']?.code
}

test('the upstream sees the credential made for it, and nothing of the token', async () => {
  const answer = await call({})
  expect(answer.status).toBe(200)
  // what is there is found, so that finding nothing means something
  expect(findSightings(vendorKey, [upstream.bytes])).toMatchObject([{ encoding: 'raw' }])
  expect(findSightings(token, [upstream.bytes])).toEqual([])
})

describe('threat 23: headers that could carry or alias a token are refused', () => {
  test.each([
    ['a second Authorization', () => [`Authorization: Bearer ${token}`]],
    ['odd case', () => [`aUTHORIZATION: Bearer ${token}`]],
    ['Proxy-Authorization', () => [`Proxy-Authorization: Bearer ${token}`]],
    ['X-Forwarded-Access-Token', () => [`X-Forwarded-Access-Token: ${token}`]],
    ['an underscore alias', () => [`X_Forwarded_Access_Token: ${token}`]],
  ])('%s', async (_, headers) => {
    const answer = await call({ headers: headers() })
    expect(answer.status).toBe(400)
    expect(upstream.requests).toBe(0)
  })

  test('any other header stays outside', async () => {
    await call({ headers: [`X-Anything: ${token}`, `X-Api-Key: ${token}`, `Forwarded: for=${token}`] })
    expect(findSightings(token, [upstream.bytes])).toEqual([])
  })
})

test('threat 24: a token in the query is 400', async () => {
  const answer = await call({ path: `/mcp/vendor?access_token=${token}`, token: undefined })
  expect(answer.status).toBe(400)
  expect(upstream.requests).toBe(0)
})

test('threat 25: cookies stay outside', async () => {
  const answer = await call({ headers: [`Cookie: session=${token}`] })
  expect(answer.status).toBe(200)
  expect(upstream.bytes.toString().toLowerCase()).not.toContain('cookie')
  expect(findSightings(token, [upstream.bytes])).toEqual([])
})

describe('threat 26: the token in arguments is blocked, however it is written', () => {
  const encodings: [string, (value: string) => string][] = [
    ['raw', (value) => value],
    ['within a sentence', (value) => `my token is ${value}, keep it safe`],
    ['a window of 24 bytes', (value) => value.slice(3, 27)],
    ['base64, offset 0', (value) => Buffer.from(value).toString('base64')],
    ['base64, offset 1', (value) => Buffer.from(`x${value}`).toString('base64')],
    ['base64, offset 2', (value) => Buffer.from(`xy${value}`).toString('base64')],
    ['base64url', (value) => Buffer.from(`{"t":"${value}"}`).toString('base64url')],
    ['hex', (value) => Buffer.from(value).toString('hex')],
    ['hex, upper case', (value) => Buffer.from(value).toString('hex').toUpperCase()],
    ['percent', (value) => [...value].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('')],
  ]
  test.each(encodings)('%s', async (_, encode) => {
    const answer = await call(withMessage(encode(token)))
    expect(codeOf(answer)).toBe(2007)
    expect(answer.status).toBe(502)
    expect(upstream.requests).toBe(0)
  })

  test('JSON escapes', async () => {
    const escaped = [...token].map((char) => `\\u00${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
    const meta = JSON.stringify({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    })
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"${escaped}"},"_meta":${meta}}}`
    const answer = await call({ body })
    expect(codeOf(answer)).toBe(2007)
    expect(upstream.requests).toBe(0)
  })
})

describe('threat 27: metadata', () => {
  test.each([
    ['an unknown key', () => ({ 'com.example/note': token })],
    ['baggage', () => ({ baggage: `t=${token}` })],
    ['traceparent', () => ({ traceparent: token })],
    ['tracestate', () => ({ tracestate: token })],
  ])('%s is not passed on', async (_, meta) => {
    const answer = await call({ meta: meta() })
    expect(answer.status).toBe(200)
    expect(findSightings(token, [upstream.bytes])).toEqual([])
  })

  test('a key that is passed on is searched', async () => {
    const answer = await call({ meta: { 'io.modelcontextprotocol/clientInfo': { name: token, version: '1' } } })
    expect(codeOf(answer)).toBe(2007)
    expect(upstream.requests).toBe(0)
  })

  test('trace headers are minted anew', async () => {
    await call({ headers: [`traceparent: ${token}`, `tracestate: t=${token}`, `baggage: t=${token}`] })
    expect(findSightings(token, [upstream.bytes])).toEqual([])
    expect(upstream.bytes.toString()).toMatch(/traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/)
  })
})

describe('threat 28: Mcp-Param-*', () => {
  test('is rebuilt from the verified body', async () => {
    const params = { name: 'echo', arguments: { message: 'hi', region: 'eu-1' } }
    const answer = await call({ params, headers: ['Mcp-Param-Region: eu-1', `Mcp-Param-Extra: ${token}`] })
    expect(answer.status).toBe(200)
    expect(upstream.bytes.toString().toLowerCase()).toContain('mcp-param-region: eu-1')
    expect(upstream.bytes.toString().toLowerCase()).not.toContain('mcp-param-extra')
    expect(findSightings(token, [upstream.bytes])).toEqual([])
  })

  test('that differs from the body is refused', async () => {
    const answer = await call({
      params: { name: 'echo', arguments: { message: 'hi', region: 'eu-1' } },
      headers: [`Mcp-Param-Region: ${token}`],
    })
    expect(answer.status).toBe(400)
    expect(codeOf(answer)).toBe(-32020)
    expect(upstream.requests).toBe(0)
  })
})

test('threat 29: a redirect is not followed', async () => {
  const elsewhere = await CapturingUpstream.start()
  upstream.misbehave = (_, __, response) => {
    response.writeHead(307, { location: elsewhere.url }).end()
    return true
  }
  const answer = await call({})
  expect(codeOf(answer)).toBe(2008)
  expect(elsewhere.requests).toBe(0)
  await elsewhere.stop()
})

describe('threat 30: an upstream that echoes our credential', () => {
  const echoes: [string, (text: string) => string][] = [
    ['as it is', (text) => text],
    ['base64', (text) => Buffer.from(`key=${text}`).toString('base64')],
    ['hex', (text) => Buffer.from(text).toString('hex')],
  ]
  test.each(echoes)('in JSON, %s', async (_, encode) => {
    upstream.misbehave = (message, _request, response) => {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: message.id,
        result: { resultType: 'complete', content: [{ type: 'text', text: encode(vendorKey) }] },
      })
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(body.slice(0, 90))
      setTimeout(() => response.end(body.slice(90)), 20)
      return true
    }
    const answer = await call({})
    expect(codeOf(answer)).toBe(2007)
    expect(findSightings(vendorKey, [Buffer.from(answer.body)])).toEqual([])
  })

  test('in an event, across chunks', async () => {
    upstream.misbehave = (message, _request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"')
      response.write(vendorKey.slice(0, 11))
      setTimeout(
        () =>
          response.end(
            `${vendorKey.slice(11)}"}}\n\ndata: {"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}\n\n`,
          ),
        20,
      )
      return true
    }
    const answer = await call({})
    expect(findSightings(vendorKey, [Buffer.from(answer.body)])).toEqual([])
    expect(answer.body).toContain('2007')
  })

  test('in an error', async () => {
    upstream.misbehave = (message, _request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32000, message: `bad key ${vendorKey}` } }),
      )
      return true
    }
    const answer = await call({})
    expect(codeOf(answer)).toBe(2007)
    expect(findSightings(vendorKey, [Buffer.from(answer.body)])).toEqual([])
  })
})

test('threat 31: a failed call goes to no other upstream and is not sent again', async () => {
  upstream.misbehave = (_, request) => {
    request.socket.destroy()
    return true
  }
  const answer = await call({})
  expect(codeOf(answer)).toBe(2008)
  expect(upstream.requests).toBe(1)
})

test('threat 32: a stdio child has a clean environment, fixed argv and no descriptor but its three', async () => {
  const file = path.join(gateway.directory, 'child-record.bin')
  const answer = await sendModern({
    url: gateway.endpoint('child'),
    token: stdioToken,
    name: 'echo',
    params: { name: 'echo', arguments: { message: 'hello' } },
  })
  expect(answer.status).toBe(200)
  const leak = await sendModern({
    url: gateway.endpoint('child'),
    token: stdioToken,
    name: 'echo',
    params: { name: 'echo', arguments: { message: stdioToken } },
  })
  expect(codeOf(leak)).toBe(2007)
  const record = await readFile(file)
  const start = JSON.parse(record.toString('utf8').split('\n', 1)[0] ?? '') as {
    env: Record<string, string>
    argv: string[]
    descriptors: string[]
  }
  expect(start.env.API_KEY).toBe(stdioKey)
  expect(
    Object.keys(start.env).filter(
      (name) => !['API_KEY', 'PATH', 'HOME', 'TMPDIR', 'LANG', 'USER', 'LOGNAME', 'SHELL', 'TERM'].includes(name),
    ),
  ).toEqual([])
  expect(start.descriptors.filter((descriptor) => /\.db|root\.key|socket:.*listen/.test(descriptor))).toEqual([])
  expect(findSightings(stdioToken, [record])).toEqual([])
})

test('threats 33 and 35: nothing of the tokens or credentials in output, metrics, log or store', async () => {
  await call(withMessage(token))
  await call({ token: `${token.slice(0, -2)}xx` })
  const metrics = Buffer.from(await (await fetch(`${gateway.ops}/metrics`)).text())
  await gateway.auditWhere((entry) => entry.status === 'leak_outgoing')
  const places: [string, Buffer][] = [
    ['output', Buffer.from(gateway.output)],
    ['metrics', metrics],
  ]
  for (const file of await filesBelow(path.join(gateway.directory, 'data'))) places.push([file, await readFile(file)])
  expect(places.length).toBeGreaterThan(3)
  for (const [place, bytes] of places) {
    for (const [what, secret] of [
      ['token', token],
      ['stdio token', stdioToken],
      ['credential', vendorKey],
      ['stdio credential', stdioKey],
    ] as const) {
      expect(findSightings(secret, [bytes]), `${what} in ${place}`).toEqual([])
    }
  }
})
