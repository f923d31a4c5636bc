/**
 * Threat group C, outgoing: the inbound token in every place that a client can write into, beyond those of the canary.
 * None of its bytes reaches an upstream, the log, the store or the output.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findSightings } from '../../packages/gateway/src/demo/sightings.ts'
import { CapturingUpstream, type JsonRpc, json } from '../harness/capture.ts'
import { filesBelow } from '../harness/files.ts'
import { type RunningGateway, repository, startGateway } from '../harness/gateway.ts'
import { type ModernCall, modernMeta, sendModern, sendRaw } from '../harness/raw.ts'
import { EarlierSession, post, until } from '../harness/session.ts'

const policy = `
permit (principal, action, resource);
forbid (principal, action == Sallyport::Action::"vendor/search", resource)
  when { context.arguments has filter && context.arguments.filter == {"field": "secret"} };
`
const open = { type: 'object' }
const tools = [
  { name: 'echo', inputSchema: open },
  { name: 'strict', inputSchema: { type: 'object', properties: { a: {} }, additionalProperties: false } },
  { name: 'numbers', inputSchema: { type: 'object', additionalProperties: { type: 'integer' } } },
  {
    name: 'search',
    inputSchema: {
      type: 'object',
      properties: { filter: { type: 'object', properties: { field: { type: 'string' } }, required: ['field'] } },
    },
  },
]

let upstream: CapturingUpstream
let gateway: RunningGateway
let token: string
let childToken: string
let session: EarlierSession

beforeAll(async () => {
  upstream = await CapturingUpstream.start()
  upstream.tools = tools
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: upstream.url },
      {
        name: 'child',
        command: process.execPath,
        args: [path.join(repository, 'tests', 'harness', 'recording-child.mjs'), 'child.bin'],
      },
    ],
    policies: { 'main.cedar': policy },
  })
  token = await gateway.token('vendor')
  childToken = await gateway.token('child')
  session = await EarlierSession.open(gateway.endpoint('vendor'), token)
  await session.post({ id: 1, method: 'tools/list' })
})

afterAll(async () => {
  await gateway?.stop()
  await upstream?.stop()
})

beforeEach(() => {
  upstream.received.length = 0
  upstream.misbehave = () => false
})

afterEach(() => {
  expect(findSightings(token, [upstream.bytes])).toEqual([])
})

function modern(more: Partial<ModernCall>) {
  return sendModern({ url: gateway.endpoint('vendor'), token, ...more })
}

const tool = (name: string, args: Record<string, unknown>): Partial<ModernCall> => ({
  name,
  params: { name, arguments: args },
})

describe('in messages of 2025-11-25', () => {
  test.each<[string, () => JsonRpc, number]>([
    ['threat 26: an argument', () => call({ name: 'echo', arguments: { deep: [{ a: token }] } }), 502],
    ['threat 26: the key of an argument', () => call({ name: 'echo', arguments: { [token]: 1 } }), 502],
    ['threat 26: a cursor', () => ({ id: 2, method: 'tools/list', params: { cursor: token } }), 502],
    [
      'threat 26: the URI of a resource',
      () => ({ id: 2, method: 'resources/read', params: { uri: `x:${token}` } }),
      502,
    ],
    [
      'threat 26: the URI of a subscription',
      () => ({ id: 2, method: 'resources/subscribe', params: { uri: `x:${token}` } }),
      502,
    ],
    ['threat 26: the name of a prompt', () => ({ id: 2, method: 'prompts/get', params: { name: token } }), 502],
    [
      'threat 26: an argument of a prompt',
      () => ({ id: 2, method: 'prompts/get', params: { name: 'p', arguments: { a: token } } }),
      502,
    ],
    [
      'threat 26: what is to be completed',
      () => ({
        id: 2,
        method: 'completion/complete',
        params: { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: token } },
      }),
      502,
    ],
    [
      'threat 26: the context of a completion',
      () => ({
        id: 2,
        method: 'completion/complete',
        params: {
          ref: { type: 'ref/prompt', name: 'p' },
          argument: { name: 'a', value: 'b' },
          context: { arguments: { c: token } },
        },
      }),
      502,
    ],
    ['threat 27: a progress token', () => call({ name: 'echo', _meta: { progressToken: token } }), 502],
    [
      'threat 26: the reason of a notification',
      () => ({ method: 'notifications/progress', params: { progressToken: 1, progress: 1, message: token } }),
      502,
    ],
    ['the id of a request', () => ({ ...call({ name: 'echo', arguments: {} }), id: token }), 200],
    ['a log level', () => ({ id: 2, method: 'logging/setLevel', params: { level: token } }), 200],
    ['a method', () => ({ id: 2, method: token }), 200],
    ['a member of the params that is not known', () => call({ name: 'echo', arguments: {}, extra: token }), 200],
    [
      'a cancellation of nothing',
      () => ({ method: 'notifications/cancelled', params: { requestId: 9, reason: token } }),
      202,
    ],
    [
      'what it says of itself',
      () => ({
        id: 2,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: token, version: '1' } },
      }),
      502,
    ],
    [
      'what it can do',
      () => ({
        id: 2,
        method: 'initialize',
        params: {
          protocolVersion: '2025-11-25',
          capabilities: { experimental: { [token]: {} } },
          clientInfo: { name: 'x', version: '1' },
        },
      }),
      502,
    ],
    [
      'the version it offers',
      () => ({
        id: 2,
        method: 'initialize',
        params: { protocolVersion: token, capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      }),
      502,
    ],
  ])('%s', async (_, message, status) => {
    expect((await session.post(message())).status).toBe(status)
  })

  test('threat 26: its answer to what the upstream asks', async () => {
    let stream: Parameters<CapturingUpstream['misbehave']>[2] | undefined
    upstream.misbehave = (_, request, response) => {
      if (request.method !== 'GET') return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      stream = response
      return true
    }
    const listening = session.listen()
    await until('the stream is open', () => stream !== undefined)
    const question = { jsonrpc: '2.0', id: 'theirs', method: 'elicitation/create', params: { message: 'your token?' } }
    stream?.write(`data: ${JSON.stringify(question)}\n\n`)
    await until('the question has come', () => listening.text.includes('your token?'))
    const ours = Number(/"id":(\d+)/.exec(listening.text)?.[1])
    const result = { action: 'accept', content: { token } }
    expect((await session.post(JSON.stringify({ jsonrpc: '2.0', id: ours, result }))).status).toBe(502)
    listening.stop()
  })

  test('threat 23: a session id, an event id, a version and other headers', async () => {
    const url = gateway.endpoint('vendor')
    const ping: JsonRpc = { id: 3, method: 'ping' }
    expect((await post(url, token, ping, { 'mcp-session-id': token })).status).toBe(404)
    expect((await session.post(ping, { 'mcp-protocol-version': token })).status).toBe(400)
    expect((await session.post(ping, { 'last-event-id': token, dpop: token, 'x-token': token })).status).toBe(200)
    const listening = session.listen([`Last-Event-ID: ${token}`])
    await until('it was refused', () => listening.status === 502)
    listening.stop()
  })
})

function call(params: Record<string, unknown>): JsonRpc {
  return { id: 2, method: 'tools/call', params }
}

describe('in messages of 2026-07-28', () => {
  test.each<[string, () => Partial<ModernCall>, number]>([
    ['threat 36: the state of a request that is made again', () => again({ requestState: token }), 400],
    ['threat 36: an answer to what a tool asked', () => again({ inputResponses: { a: { value: token } } }), 502],
    ['threat 36: the key of such an answer', () => again({ inputResponses: { [token]: {} } }), 502],
    ['threat 27: the metadata of such an answer', () => again({ inputResponses: { a: { _meta: { t: token } } } }), 200],
    [
      'threat 26: a subscription',
      () => ({
        method: 'subscriptions/listen',
        params: { notifications: { resourceSubscriptions: [`x:${token}`] } },
      }),
      502,
    ],
    ['threat 27: what it can do', () => ({ ...again({}), meta: { [capabilities]: { [token]: {} } } }), 502],
  ])('%s', async (_, more, status) => {
    expect((await modern(more())).status).toBe(status)
  })

  const capabilities = 'io.modelcontextprotocol/clientCapabilities'
  const again = (params: Record<string, unknown>): Partial<ModernCall> => ({
    name: 'echo',
    params: { name: 'echo', arguments: {}, ...params },
  })

  test('threat 27: a version that is the token', async () => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
      params: { _meta: { ...modernMeta, 'io.modelcontextprotocol/protocolVersion': token } },
    })
    expect((await modern({ method: 'tools/list', body })).status).toBe(400)
  })
})

describe('threat 33: in what a refusal would name', () => {
  test.each<[string, () => Partial<ModernCall>]>([
    ['an argument that the schema does not have', () => tool('strict', { [token]: 1 })],
    ['an argument of the wrong type', () => tool('numbers', { [token]: 'x' })],
    ['a tool', () => ({ name: token, params: { name: token } })],
    ['a tool, base64', () => ({ name: base64(), params: { name: base64() } })],
    ['an argument that a policy cannot read', () => tool('search', { filter: { field: 'x', [token]: 1 } })],
    ['a method', () => ({ method: token })],
    ['a member of the message', () => ({ body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","${token}":1}` })],
    ['a member that stands twice', () => ({ body: `{"${token}":1,"${token}":2}` })],
    ['no JSON', () => ({ body: token })],
    ['the path', () => ({ path: `/mcp/${token}` })],
    ['the query', () => ({ path: `/mcp/vendor?x=${token}` })],
    ['a case variant', () => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, METHOD: token }) })],
  ])('%s', async (_, more) => {
    const answer = await modern(more())
    const refused = answer.status >= 400 || answer.body.includes('dev.sallyport/refusal')
    expect(refused, answer.body).toBe(true)
  })

  const base64 = () => Buffer.from(token).toString('base64')

  test('a user name, another scheme, a head that is no HTTP', async () => {
    const { host } = new URL(gateway.url)
    const basic = Buffer.from(`${token}:${token}`).toString('base64')
    for (const lines of [
      [`Authorization: Basic ${basic}`],
      [`Authorization: ${token}`],
      [`${token}`],
      [`: ${token}`],
    ]) {
      const head = ['POST /mcp/vendor HTTP/1.1', `Host: ${host}`, ...lines, 'Connection: close']
      expect((await sendRaw(gateway.url, `${head.join('\r\n')}\r\n\r\n`)).status).toBeGreaterThanOrEqual(400)
    }
  })
})

test('threat 32: nothing of it in the lines that a stdio upstream reads', async () => {
  const url = gateway.endpoint('child')
  const send = (more: Partial<ModernCall>) => sendModern({ url, token: childToken, ...more })
  expect((await send({ name: 'echo', params: { name: 'echo', arguments: { message: 'hello' } } })).status).toBe(200)
  const hidden = JSON.stringify({ nested: childToken })
  expect((await send({ name: 'echo', params: { name: 'echo', arguments: { message: hidden } } })).status).toBe(502)
  expect((await send({ method: 'tools/list', params: { cursor: childToken } })).status).toBe(502)
  expect((await send({ method: 'tools/list', meta: { progressToken: childToken } })).status).toBe(200)
  const record = await readFile(path.join(gateway.directory, 'child.bin'))
  expect(record.toString()).toContain('"hello"')
  expect(findSightings(childToken, [record])).toEqual([])
})

test('threats 33 and 35: nothing of the tokens in output, metrics, log or store', async () => {
  await gateway.auditWhere((entry) => entry.status === 'leak_outgoing', 20)
  const metrics = Buffer.from(await (await fetch(`${gateway.ops}/metrics`)).text())
  const files = await filesBelow(path.join(gateway.directory, 'data'))
  const places = [Buffer.from(gateway.output), metrics, ...(await Promise.all(files.map((file) => readFile(file))))]
  expect(files.length).toBeGreaterThan(1)
  for (const secret of [token, childToken]) expect(findSightings(secret, places)).toEqual([])
})

test('threat 24: a token in the query goes no further, wherever it is sent', async () => {
  const { host } = new URL(gateway.url)
  for (const target of ['/mcp/vendor', '/oauth/token', '/oauth/introspect', '/mcp/nobody']) {
    const head = [
      `POST ${target}?access_token=${token} HTTP/1.1`,
      `Host: ${host}`,
      'Content-Length: 0',
      'Connection: close',
    ]
    const { status } = await sendRaw(gateway.url, `${head.join('\r\n')}\r\n\r\n`)
    expect([400, 401], target).toContain(status)
  }
})

test('an upstream that is given nothing to echo answers as ever', async () => {
  upstream.misbehave = (message, _, response) => {
    json(response, { jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text: 'fine' }] } })
    return true
  }
  expect((await session.post(call({ name: 'echo', arguments: {} }))).text).toContain('fine')
})
