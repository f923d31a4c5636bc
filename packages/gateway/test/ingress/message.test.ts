import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import {
  aliceToken,
  but,
  modern,
  parseReply,
  type Rig,
  type RigOptions,
  requestText,
  type Sent,
  send,
  sendRaw,
  slowToken,
  startRig,
} from './rig.ts'

let rig: Rig | undefined
const start = async (options: RigOptions = {}) => {
  rig = await startRig(options)
  return rig
}
afterEach(async () => {
  await rig?.stop()
  rig = undefined
})

const call = modern('tools/call', { name: 'echo', arguments: { a: 1 } })

async function answers(started: Rig, sent: Sent, status: number, code: number, id: string | number | null = 1) {
  const before = started.accepted.length
  const reply = await send(started, sent)
  expect([reply.status, reply.json.error?.code, 'id' in reply.json ? reply.json.id : 'absent']).toEqual([
    status,
    code,
    id,
  ])
  expect(reply.json.error.data).toMatchObject({ code, requestId: started.refused.at(-1)?.known.requestId })
  expect(started.accepted).toHaveLength(before)
  return reply
}

describe('a body that is no acceptable JSON', () => {
  const text = (arguments_: string) => JSON.stringify(call.body).replace('{"a":1}', arguments_)

  test.each([
    ['threat 54: a duplicate key', text('{"a":1,"a":2}'), 'the duplicate key `a`'],
    ['threat 57: an unsafe integer', text('{"a":9007199254740993}'), 'an integer beyond 2^53-1'],
    ['threat 58: __proto__', text('{"__proto__":{}}'), 'the key `__proto__`'],
    ['threat 58: constructor, escaped', text('{"constr\\u0075ctor":{}}'), 'the key `constructor`'],
    ['threat 92: 100,000 deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'nested deeper than 64'],
    ['no JSON', '{"jsonrpc"', 'not well-formed'],
    ['nothing', '', 'not well-formed'],
    ['a byte order mark', `\ufeff${JSON.stringify(call.body)}`, 'a byte order mark'],
  ])('%s', async (_, body, why) => {
    const started = await start()
    const reply = await answers(started, { ...call, body }, 400, -32700, 'absent')
    expect(reply.json.error.message).toContain(why)
    expect(started.refused.at(-1)?.known).toMatchObject({
      upstream: 'vendor',
      person: { subject: 'alice' },
      tenant: 'default',
    })
  })

  test('of the earlier era, its answer has a null id', async () => {
    const started = await start()
    await answers(started, { body: 'x' }, 400, -32700, null)
  })
})

describe('a message that is none', () => {
  test.each<[string, object, string | number]>([
    ['threat 56: a batch', [call.body], 'absent'],
    ['threat 54: a member in another case', { ...(call.body as object), Method: 'tools/list' }, 1],
    ['no version', { id: 1, method: 'x' }, 1],
  ])('%s', async (_, body, id) => {
    await answers(await start(), { ...call, body }, 400, -32600, id)
  })
})

describe('params', () => {
  test.each([
    ['threat 55: a bidirectional name', { name: 'get\u202edata' }],
    ['threat 55: a NUL in a name', { name: 'get\0data' }],
    ['threat 55: a decomposed name', { name: 'cafe\u0301' }],
    ['threat 54: a param in another case', { name: 'echo', Name: 'other' }],
    ['arguments that are no object', { name: 'echo', arguments: [] }],
  ])('%s', async (_, params) => {
    const sent = modern('tools/call', params)
    const encoded = `=?base64?${Buffer.from(String(params.name)).toString('base64')}?=`
    await answers(await start(), but(sent, { headers: { 'Mcp-Name': encoded } }), 400, -32602)
  })

  test('an unknown method', async () => {
    const started = await start()
    await answers(started, modern('tasks/get', {}), 404, -32601)
    expect(started.refused.at(-1)?.known.method).toBeUndefined()
  })

  test('threat 27: trace context and baggage go no further', async () => {
    const started = await start()
    const _meta = {
      traceparent: `00-${'a'.repeat(32)}`,
      baggage: aliceToken,
      tracestate: aliceToken,
      progressToken: 'p',
    }
    expect(
      (
        await send(
          started,
          but(modern('tools/call', { name: 'echo', _meta }), {
            lines: [`traceparent: ${aliceToken}`, `baggage: t=${aliceToken}`],
          }),
        )
      ).status,
    ).toBe(200)
    expect(started.accepted.at(-1)?.call.meta).toMatchObject({ progressToken: 'p' })
    expect(JSON.stringify(started.accepted.at(-1)?.call)).not.toContain(aliceToken.slice(0, 24))
    expect(JSON.stringify(started.accepted.at(-1)?.call)).not.toContain('traceparent')
  })

  test('a token as the name of a tool goes no further, not even into the log', async () => {
    const started = await start()
    for (const name of [aliceToken, Buffer.from(`x${aliceToken}`).toString('base64')]) {
      const reply = await send(started, modern('tools/call', { name }))
      expect([reply.status, reply.json.error.code]).toEqual([502, 2007])
      expect(JSON.stringify(started.refused)).not.toContain(name)
    }
    await answers(started, modern(`tools/${aliceToken}`), 404, -32601)
    expect(JSON.stringify(started.refused)).not.toContain(aliceToken)
    expect((await send(started, modern('resources/read', { uri: `file:///${aliceToken}` }))).json.error.code).toBe(2007)
  })
})

describe('headers against the body', () => {
  test.each<[string, Sent, number]>([
    ['threat 52: another method', { headers: { 'Mcp-Method': 'tools/list' } }, -32020],
    ['threat 52: no method', { headers: { 'Mcp-Method': undefined } }, -32020],
    ['threat 52: another name', { headers: { 'Mcp-Name': 'delete' } }, -32020],
    ['threat 52: no name', { headers: { 'Mcp-Name': undefined } }, -32020],
    ['threat 53: a malformed name', { headers: { 'Mcp-Name': '=?base64?ZWNobw?=' } }, -32020],
    ['threat 53: a name encoded twice', { headers: { 'Mcp-Name': '=?base64?PT9iYXNlNjQ/WldOb2J3PT0/PQ==?=' } }, -32020],
    ['threat 66: an earlier version', { headers: { 'MCP-Protocol-Version': '2025-11-25' } }, -32020],
    ['threat 66: no version', { headers: { 'MCP-Protocol-Version': undefined } }, -32020],
  ])('%s', async (_, changed, code) => {
    await answers(await start(), but(call, changed), 400, code)
  })

  test('whitespace around a value is none of it', async () => {
    expect((await send(await start(), but(call, { headers: { 'Mcp-Name': '  echo  ' } }))).status).toBe(200)
  })

  test('a version that is not served', async () => {
    const odd = modern('server/discover', { _meta: { 'io.modelcontextprotocol/protocolVersion': 'v999.0.0' } })
    const reply = await answers(
      await start(),
      but(odd, { headers: { 'MCP-Protocol-Version': 'v999.0.0' } }),
      400,
      -32022,
    )
    expect(reply.json.error.data).toMatchObject({ supported: ['2026-07-28'], requested: 'v999.0.0' })
  })

  test('`_meta` without what every request carries', async () => {
    await answers(
      await start(),
      { ...modern('tools/list'), body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} } },
      400,
      -32602,
    )
  })

  test('threat 28: Mcp-Param-* has to say what the arguments do', async () => {
    const started = await start({ headerParameters: new Map([['mcp-param-region', ['region']]]) })
    const sql = modern('tools/call', { name: 'sql', arguments: { region: 'us-west1' } })
    expect(
      (await send(started, but(sql, { headers: { 'Mcp-Param-Region': 'us-west1', 'MCP-PARAM-OTHER': 'x' } }))).status,
    ).toBe(200)
    await answers(started, sql, 400, -32020)
    await answers(started, but(sql, { headers: { 'Mcp-Param-Region': 'eu-west1' } }), 400, -32020)
    await answers(
      started,
      but(sql, { headers: { 'Mcp-Param-Region': 'us-west1' }, lines: ['mcp-param-region: us-west1'] }),
      400,
      -32600,
      'absent',
    )
    expect(started.refused.at(-2)?.known).toMatchObject({ method: 'tools/call', tool: 'sql' })
  })
})

describe('the size and time of a body', () => {
  const limits = { bodyBytes: 1_000, bodyTimeoutMs: 150, drainedMs: 100 }
  const chunked = { headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } }

  test('threat 91: a length over the bound is refused before the token is looked at', async () => {
    const started = await start({ limits })
    const reply = await send(started, but(call, { headers: { 'Content-Length': '1001' } }))
    expect([reply.status, reply.headers.get('connection'), started.verified]).toEqual([413, 'close', []])
  })

  test('threat 91: a chunked body ends at the bound', async () => {
    const started = await start({ limits })
    const head = requestText(started, { ...but(call, chunked), body: '' })
    const reply = parseReply(await sendRaw(started.port, head + `3e8\r\n${'x'.repeat(1_000)}\r\n`.repeat(3)))
    expect([reply.status, reply.headers.get('connection')]).toEqual([413, 'close'])
    expect(started.refused[0]?.refusal.reason).toBe('body_too_large')
  })

  test('a chunked body within it is read', async () => {
    const started = await start({ limits })
    const body = JSON.stringify(call.body)
    const chunks = [body.slice(0, 7), body.slice(7)]
      .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
      .join('')
    const reply = parseReply(
      await sendRaw(started.port, `${requestText(started, { ...but(call, chunked), body: '' })}${chunks}0\r\n\r\n`),
    )
    expect(reply.status).toBe(200)
    expect(started.accepted[0]?.call.bytes).toBe(body.length)
  })

  test('threat 90: a body that does not come is not waited for', async () => {
    const started = await start({ limits })
    const whole = requestText(started, call)
    const reply = parseReply(await sendRaw(started.port, whole.slice(0, -20)))
    expect([reply.status, reply.headers.get('connection')]).toEqual([408, 'close'])
    expect(started.refused[0]?.refusal.detail).toMatch(/^\d+ of \d+ bytes came in time$/)
  })

  test('threat 90: headers that do not come are not waited for', async () => {
    const { httpServerOptions } = await import('../../src/ingress/settings.ts')
    expect(httpServerOptions).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      insecureHTTPParser: false,
    })
  })

  test('threat 93: a compressed body is refused unread', async () => {
    const started = await start({ limits })
    const bomb = gzipSync(Buffer.alloc(100_000))
    const head = requestText(started, {
      ...but(call, { headers: { 'Content-Encoding': 'gzip', 'Content-Length': String(bomb.length) } }),
      body: '',
    })
    const reply = parseReply(await sendRaw(started.port, Buffer.concat([Buffer.from(head), bomb])))
    expect([reply.status, started.verified]).toEqual([415, []])
  })

  test('of an unauthenticated peer nothing is buffered, and the answer still reaches it', async () => {
    const started = await start({ limits: { ...limits, bodyBytes: 10_000_000, drainedBytes: 100_000 } })
    const head = requestText(started, {
      ...but(call, { headers: { Authorization: undefined, 'Content-Length': '5000000' } }),
      body: '',
    })
    const reply = parseReply(await sendRaw(started.port, head + 'x'.repeat(50_000), 2_000))
    expect([reply.status, reply.headers.get('connection')]).toEqual([401, 'close'])
    expect(reply.json.error.data.requestId).toBe(started.refused[0]?.known.requestId)
  })

  test('a small body of an unauthenticated peer costs it no connection', async () => {
    const started = await start()
    const first = requestText(started, but(call, { headers: { Authorization: undefined, Connection: 'keep-alive' } }))
    const raw = await sendRaw(started.port, first + requestText(started, call))
    expect(raw.match(/HTTP\/1\.1 (401|200)/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
  })

  test('a client that goes away while it sends is no fault of ours', async () => {
    const started = await start()
    await new Promise<void>((resolve) => {
      const socket = net.connect(started.port, '127.0.0.1', () => {
        socket.write(requestText(started, call).slice(0, -20))
        setTimeout(() => socket.destroy(), 50)
      })
      socket.on('close', () => resolve())
    })
    await expect.poll(() => started.refused[0]?.refusal.reason).toBe('body_timeout')
  })
})

test('a token that is verified late, and a body that came early', async () => {
  const started = await start()
  expect((await send(started, but(call, { headers: { Authorization: `Bearer ${slowToken}` } }))).status).toBe(200)
})

test('two requests in one connection are two', async () => {
  const started = await start()
  const first = requestText(started, but(call, { headers: { Connection: 'keep-alive' } }))
  const raw = await sendRaw(started.port, first + requestText(started, modern('tools/list', {}, 'two')))
  expect(raw.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  const ids = started.accepted.map(({ call: read }) => read.requestId)
  expect(new Set(ids).size).toBe(2)
})
