/**
 * Threat 30 and its neighbours: the credential made for an upstream in every place that it could come back by. A client
 * never sees it, nor does another upstream, the log or the output.
 */
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findSightings } from '../../packages/gateway/src/demo/sightings.ts'
import { CapturingUpstream, json } from '../harness/capture.ts'
import { filesBelow } from '../harness/files.ts'
import { type RunningGateway, repository, startGateway } from '../harness/gateway.ts'
import { type RawAnswer, sendModern } from '../harness/raw.ts'
import { EarlierSession, until } from '../harness/session.ts'

const vendorKey = 'vendor-credential-c2a19f0e5b7d4836'
const schemeKey = 'scheme-credential-7b1e93d0a5c2f648'
const otherKey = 'other-credential-58d3c7a1e9f0b264'
const childKey = 'child-credential-94e6b0d8f1a3c527'
let vendor: CapturingUpstream
let scheme: CapturingUpstream
let other: CapturingUpstream
let gateway: RunningGateway
let token: string
let session: EarlierSession

beforeAll(async () => {
  ;[vendor, scheme, other] = await Promise.all([
    CapturingUpstream.start(),
    CapturingUpstream.start(),
    CapturingUpstream.start(),
  ])
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: vendor.url, credentials: { type: 'bearer', token: { secret: vendorKey } } },
      {
        name: 'scheme',
        url: scheme.url,
        credentials: { type: 'header', name: 'X-Authorization', value: { secret: `Token ${schemeKey}` } },
      },
      { name: 'other', url: other.url, credentials: { type: 'bearer', token: { secret: otherKey } } },
      {
        name: 'child',
        command: process.execPath,
        args: [path.join(repository, 'tests', 'harness', 'chatty-child.mjs')],
        env: { API_KEY: { secret: childKey } },
      },
    ],
  })
  token = await gateway.token('vendor')
  session = await EarlierSession.open(gateway.endpoint('vendor'), token)
  expect((await call('vendor', token)).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([vendor?.stop(), scheme?.stop(), other?.stop()])
})

beforeEach(() => {
  vendor.misbehave = () => false
})

function call(upstream: string, presented: string): Promise<RawAnswer> {
  const params = { name: 'echo', arguments: { message: 'hello' } }
  return sendModern({ url: gateway.endpoint(upstream), token: presented, name: 'echo', params })
}

const seen = (text: string) => findSightings(vendorKey, [Buffer.from(text)])

function sse(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return response
}

const result = (id: unknown, text = 'done') =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [{ type: 'text', text }] } })

describe('threat 30: in an answer to a call', () => {
  test.each<[string, (id: unknown, response: ServerResponse) => void]>([
    ['the id of an event', (id, response) => sse(response).end(`id: ${vendorKey}\ndata: ${result(id)}\n\n`)],
    [
      'the type of an event',
      (id, response) => sse(response).end(`event: ${vendorKey}\ndata: x\n\ndata: ${result(id)}\n\n`),
    ],
    ['a comment', (id, response) => sse(response).end(`: ${vendorKey}\n\ndata: ${result(id)}\n\n`)],
    ['a field that is none', (id, response) => sse(response).end(`${vendorKey}: x\ndata: ${result(id)}\n\n`)],
    ['retry', (id, response) => sse(response).end(`retry: ${vendorKey}\ndata: ${result(id)}\n\n`)],
    [
      'an event over several lines, with carriage returns',
      (id, response) =>
        sse(response).end(
          `data: {"jsonrpc":"2.0",\rdata: "id":${JSON.stringify(id)},\r\ndata: "result":{"a":"${vendorKey}"}}\r\r`,
        ),
    ],
    [
      'a notification, a byte at a time',
      async (id, response) => {
        sse(response)
        const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${vendorKey}"}}\n\n`
        for (const char of event) response.write(char)
        response.end(`data: ${result(id)}\n\n`)
      },
    ],
    [
      'headers',
      (id, response) => json(response, JSON.parse(result(id)), { 'x-echo': vendorKey, authorization: vendorKey }),
    ],
    ['a cookie', (id, response) => json(response, JSON.parse(result(id)), { 'set-cookie': `k=${vendorKey}` })],
    ['a session id', (id, response) => json(response, JSON.parse(result(id)), { 'mcp-session-id': vendorKey })],
    ['a redirect', (_, response) => response.writeHead(302, { location: `https://a.example/?k=${vendorKey}` }).end()],
    [
      'a challenge',
      (_, response) => response.writeHead(401, { 'www-authenticate': `Bearer realm="${vendorKey}"` }).end(),
    ],
    ['the reason of a status', (_, response) => response.writeHead(500, vendorKey).end()],
    ['a text of 500', (_, response) => response.writeHead(500).end(vendorKey)],
    [
      'a JSON-RPC error with 400',
      (id, response) => json(response, { jsonrpc: '2.0', id, error: { code: -32602, message: vendorKey } }, {}, 400),
    ],
    [
      'the versions that it claims to support',
      (id, response) =>
        json(
          response,
          { jsonrpc: '2.0', id, error: { code: -32022, message: 'no', data: { supported: [vendorKey] } } },
          {},
          400,
        ),
    ],
    [
      'a body of another type',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(vendorKey),
    ],
    [
      'its own id',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(result(vendorKey)),
    ],
    ['the key of a member', (id, response) => json(response, { jsonrpc: '2.0', id, result: { [vendorKey]: 1 } })],
    [
      'JSON within JSON',
      (id, response) => json(response, JSON.parse(result(id, JSON.stringify({ a: `"${vendorKey}"` })))),
    ],
    ['percent', (id, response) => json(response, JSON.parse(result(id, vendorKey.replaceAll('-', '%2D'))))],
    [
      'JSON escapes',
      (id, response) => {
        const escaped = [...vendorKey].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
        response.writeHead(200, { 'content-type': 'application/json' }).end(result(id).replace('done', escaped))
      },
    ],
  ])('%s', async (_, respond) => {
    vendor.misbehave = (message, __, response) => {
      respond(message.id, response)
      return true
    }
    const answer = await call('vendor', token)
    expect(seen(`${JSON.stringify(answer.headers)}\n${answer.body}`)).toEqual([])
  })
})

describe('threat 30: outside a call', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['a list', 'tools/list', { tools: [{ name: 'echo', description: vendorKey, inputSchema: { type: 'object' } }] }],
    [
      'instructions',
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {}, instructions: vendorKey },
    ],
    ['the version it settles on', 'initialize', { protocolVersion: vendorKey, capabilities: {}, serverInfo: {} }],
  ])('%s', async (_, method, body) => {
    vendor.misbehave = (message, __, response) => {
      json(response, { jsonrpc: '2.0', id: message.id, result: body })
      return true
    }
    const params =
      method === 'initialize'
        ? { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
        : {}
    const answer = await session.post({ id: 5, method, params })
    expect(answer.status).toBe(502)
    expect(seen(answer.text)).toEqual([])
  })

  test.each([
    ['a notification', `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${vendorKey}"}}\n\n`],
    ['a question', `data: {"jsonrpc":"2.0","id":"${vendorKey}","method":"roots/list"}\n\n`],
    ['a priming event', `id: ${vendorKey}\ndata:\n\n`],
  ])('on the GET stream: %s', async (_, event) => {
    vendor.misbehave = (__, request, response) => {
      if (request.method !== 'GET') return false
      sse(response).write(event)
      return true
    }
    const listening = session.listen()
    await until('the stream has ended', () => listening.text.endsWith('0\r\n\r\n') || listening.closed)
    expect(seen(listening.text)).toEqual([])
    listening.stop()
  })

  test('the session id of an upstream is its own, and no client sees it', async () => {
    vendor.misbehave = (message, _, response) => {
      if (message.method !== 'initialize') return false
      const body = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'a', version: '1' } }
      json(response, { jsonrpc: '2.0', id: message.id, result: body }, { 'mcp-session-id': vendorKey })
      return true
    }
    const opened = await EarlierSession.open(gateway.endpoint('vendor'), token)
    expect(opened.id).not.toBe(vendorKey)
  })
})

test('threat 30: what follows a scheme in a header is the secret too', async () => {
  const presented = await gateway.token('scheme')
  expect((await call('scheme', presented)).status).toBe(200)
  scheme.misbehave = (message, request, response) => {
    const [, echoed = ''] = String(request.headers['x-authorization']).split(' ')
    json(response, JSON.parse(result(message.id, `you are ${echoed}`)))
    return true
  }
  const answer = await call('scheme', presented)
  expect(answer.status).toBe(502)
  expect(findSightings(schemeKey, [Buffer.from(answer.body)])).toEqual([])
})

test('a credential reaches its own upstream alone', async () => {
  expect((await call('other', await gateway.token('other'))).status).toBe(200)
  const everything = [vendor.bytes, scheme.bytes, other.bytes]
  for (const [index, key] of [vendorKey, schemeKey, otherKey].entries()) {
    expect(findSightings(key, everything).map(({ recording }) => recording)).toEqual([index])
    expect(findSightings(childKey, everything)).toEqual([])
  }
})

describe('threat 30: a stdio upstream', () => {
  test.each(['message', 'split', 'notification', 'encoded'])('by %s', async (how) => {
    const url = gateway.endpoint('child')
    const presented = await gateway.token('child')
    const answer = await sendModern({
      url,
      token: presented,
      name: how,
      params: { name: how, arguments: {} },
    })
    expect(answer.status).toBe(502)
    expect(answer.body).toContain('2007')
    expect(findSightings(childKey, [Buffer.from(answer.body)])).toEqual([])
  })

  test('threat 33: by its standard error, into the log', async () => {
    const presented = await gateway.token('child')
    await sendModern({ url: gateway.endpoint('child'), token: presented, name: 'errors', params: { name: 'errors' } })
    await until('the log says so', () => gateway.output.includes('[a line that held the credential]'))
  })
})

test('threats 33 and 35: nothing of the credentials in output, metrics, log or store', async () => {
  const metrics = Buffer.from(await (await fetch(`${gateway.ops}/metrics`)).text())
  const files = await filesBelow(path.join(gateway.directory, 'data'))
  const places = [Buffer.from(gateway.output), metrics, ...(await Promise.all(files.map((file) => readFile(file))))]
  for (const secret of [vendorKey, schemeKey, otherKey, childKey]) expect(findSightings(secret, places)).toEqual([])
})
