import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { but, modern, type Rig, refusing, send, startRig } from './rig.ts'

let rig: Rig
const call = modern('tools/call', { name: 'echo', arguments: {} })
const refusedWith = refusing(() => rig)

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.stop())

describe('method and media types', () => {
  test.each(['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'])('%s', async (method) => {
    const reply = await refusedWith({ method }, 405, 'method_not_allowed')
    expect(reply.headers.get('allow')).toBe('POST, GET, DELETE')
    const modernReply = await refusedWith({ ...call, method }, 405, 'method_not_allowed')
    expect(modernReply.headers.get('allow')).toBe('POST')
  })

  test.each(['GET', 'DELETE'])('%s in the modern era', async (method) => {
    const reply = await refusedWith(
      { method, headers: { 'MCP-Protocol-Version': '2026-07-28' } },
      405,
      'method_not_allowed',
    )
    expect(reply.headers.get('allow')).toBe('POST')
  })

  test.each([
    'application/json',
    'text/event-stream',
    '*/*',
    'application/json, text/event-stream;q=0',
    'application/jsonx, text/event-stream',
    undefined,
  ])('POST that accepts %j', async (Accept) => {
    await refusedWith(but(call, { headers: { Accept } }), 406, 'not_acceptable')
  })

  test('GET that does not accept a stream', async () => {
    const reply = await refusedWith({ method: 'GET', headers: { Accept: 'application/json' } }, 406, 'not_acceptable')
    expect(reply.json.error.message).toBe('accept text/event-stream')
  })

  test.each([
    undefined,
    'text/plain',
    'application/json; charset=utf-16',
    'application/json;a=b',
    'application/jsonp',
    'application/json, text/plain',
  ])('Content-Type %j', async (type) => {
    await refusedWith(but(call, { headers: { 'Content-Type': type } }), 415, 'media_type_unsupported')
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'Content-Type %j is taken',
    async (type) => {
      expect((await send(rig, but(call, { headers: { 'Content-Type': type } }))).status).toBe(200)
    },
  )

  test.each(['gzip', 'br', 'gzip, gzip', Array(50).fill('gzip').join(', '), 'identity, gzip'])(
    'threat 93: Content-Encoding %s',
    async (encoding) => {
      await refusedWith(but(call, { headers: { 'Content-Encoding': encoding } }), 415, 'media_type_unsupported')
    },
  )

  test('threat 93: a compressed transfer', async () => {
    const chunked = { headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'gzip, chunked' } }
    await refusedWith(but(call, { ...chunked, body: '0\r\n\r\n' }), 415, 'media_type_unsupported')
  })

  test('GET with a body', async () => {
    await refusedWith({ method: 'GET', headers: { 'Content-Length': '2' }, body: '{}' }, 400, 'header_invalid')
  })
})
