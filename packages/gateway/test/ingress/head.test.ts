import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servesHost, siteOf } from '../../src/ingress/hosts.ts'
import { readRawHeaders } from '../../src/ingress/raw-headers.ts'
import {
  aliceToken,
  bobToken,
  but,
  modern,
  parseReply,
  type Rig,
  refusing,
  requestText,
  send,
  sendRaw,
  sha256,
  startRig,
  unlucky,
} from './rig.ts'

let rig: Rig
const call = modern('tools/call', { name: 'echo', arguments: {} })
const refusedWith = refusing(() => rig)

beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.stop())

test('a plain request is taken', async () => {
  const reply = await send(rig, call)
  expect(reply.status).toBe(200)
  expect(reply.json).toEqual({ jsonrpc: '2.0', id: 1, result: { method: 'tools/call' } })
  const { principal, call: read, seal } = rig.accepted.at(-1) ?? {}
  expect(principal?.person?.subject).toBe('alice')
  expect(read).toMatchObject({
    upstream: 'vendor',
    era: 'modern',
    protocolVersion: '2026-07-28',
    kind: 'request',
    peer: '127.0.0.1',
    target: { action: 'call', tool: 'echo' },
  })
  expect(read?.requestId).toMatch(/^[0-9a-f]{32}$/)
  expect(seal?.matches(Buffer.from(aliceToken))).toBe(true)
})

test('nothing of the token is left in what was read but the seal', async () => {
  await send(rig, call)
  expect(
    JSON.stringify(rig.accepted.at(-1), (_, value) =>
      value instanceof Set || value instanceof Map ? [...value] : value,
    ),
  ).not.toContain(aliceToken)
})

describe('threat 23: the token’s field', () => {
  test.each([
    [[`Authorization: Bearer ${bobToken}`]],
    [[`authorization: Bearer ${aliceToken}`]],
    [[`aUTHORIZATION: Bearer ${bobToken}`]],
    [['Authorization:']],
    [[`Proxy-Authorization: Bearer ${aliceToken}`]],
    [[`X-Forwarded-Access-Token: ${aliceToken}`]],
    [[`proxy_authorization: Bearer ${aliceToken}`]],
    [[`x_forwarded_access_token: ${aliceToken}`]],
  ])('%j beside it is refused', async (lines) => {
    await refusedWith({ ...call, lines }, 400, 'header_invalid')
  })

  test('once, in any case, is the field', async () => {
    const reply = await send(
      rig,
      but(call, { headers: { Authorization: undefined }, lines: [`aUTHORIZATION: bearer ${aliceToken}`] }),
    )
    expect(reply.status).toBe(200)
  })

  test('a space before its colon is no field at all', async () => {
    const reply = parseReply(
      await sendRaw(
        rig.port,
        requestText(
          rig,
          but(call, { headers: { Authorization: undefined }, lines: [`Authorization : Bearer ${aliceToken}`] }),
        ),
      ),
    )
    expect(reply.status).toBe(400)
  })
})

test.each([
  'Host',
  'Origin',
  'Content-Type',
  'Content-Encoding',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Session-Id',
  'Last-Event-ID',
])('%s twice is refused', async (name) => {
  const value = { Host: rig.host, 'Content-Type': 'application/json', ...call.headers }[name] ?? 'x'
  await refusedWith(but(call, { headers: { [name]: value }, lines: [`${name}: ${value}`] }), 400, 'header_invalid')
})

test('a known field written with an underscore is refused', async () => {
  await refusedWith({ ...call, lines: ['Mcp_Name: other'] }, 400, 'header_invalid')
  await refusedWith({ ...call, lines: ['mcp-param_region: x'] }, 400, 'header_invalid')
  expect((await send(rig, { ...call, lines: ['X_Other: y'] })).status).toBe(200)
})

test('Accept is a list, in one line or two', async () => {
  const reply = await send(
    rig,
    but(call, { headers: { Accept: 'application/json' }, lines: ['Accept: text/event-stream;q=0.5'] }),
  )
  expect(reply.status).toBe(200)
})

describe('threat 24: a token in the query', () => {
  test.each(['access_token', 'ACCESS_TOKEN', 'access%5Ftoken', 'a=b&access_token'])('%s', async (name) => {
    const reply = await refusedWith({ ...call, target: `/mcp/vendor?${name}=${aliceToken}` }, 400, 'token_in_query')
    expect(reply.json.error.message).toContain('never in the URL')
  })

  test('and any other query', async () => {
    await refusedWith({ ...call, target: '/mcp/vendor?x=1' }, 404, 'not_found')
    await refusedWith({ ...call, target: '/mcp/vendor?' }, 404, 'not_found')
  })
})

test('threat 25: cookies are not read', async () => {
  const reply = await send(
    rig,
    but(call, {
      headers: { Authorization: undefined, Cookie: `access_token=${aliceToken}; authorization=Bearer ${aliceToken}` },
    }),
  )
  expect(reply.status).toBe(401)
  expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer /)
})

describe('threat 22: the path', () => {
  test.each([
    '/mcp',
    '/mcp/',
    '/mcp/vendor/',
    '/mcp/vendor/x',
    '/mcp//vendor',
    '/mcp/Vendor',
    '/mcp/%76endor',
    '/mcp/vendor%2f',
    '/mcp/./vendor',
    '/mcp/vendor/../vendor',
    '/mcp/unknown',
    '/mcp/__proto__',
    '/mcp/vendor;x',
    '/MCP/vendor',
    '*',
  ])('%s is no endpoint', async (target) => {
    await refusedWith({ ...call, target }, 404, 'not_found')
  })

  test('nor is an absolute one', async () => {
    await refusedWith({ ...call, target: `http://${rig.host}/mcp/vendor` }, 404, 'not_found')
    await refusedWith({ ...call, target: 'http://evil.example/mcp/vendor' }, 404, 'not_found')
  })
})

describe('Host and Origin', () => {
  test.each(['evil.example', '127.0.0.1', '127.0.0.1:1', 'localhost', ''])('the host %j is refused', async (Host) => {
    await refusedWith(but(call, { headers: { Host } }), 403, 'host_invalid')
  })

  test.each(['http://evil.example', 'null', 'https://127.0.0.1', '', 'http://127.0.0.1:1'])(
    'threat 109: the origin %j is refused',
    async (Origin) => {
      await refusedWith(but(call, { headers: { Origin } }), 403, 'origin_invalid')
    },
  )

  test('threat 109: also where it asks for a stream', async () => {
    await refusedWith({ method: 'GET', headers: { Origin: 'https://evil.example' } }, 403, 'origin_invalid')
  })

  test('our own origin is taken', async () => {
    expect((await send(rig, but(call, { headers: { Origin: `http://${rig.host}` } }))).status).toBe(200)
  })

  test('a public site has its default port, and not the address behind it', () => {
    const site = siteOf('https://mcp.example.com', { host: '127.0.0.1', port: 8080 })
    expect([...site.hosts]).toEqual(['mcp.example.com', 'mcp.example.com:443'])
    expect([
      servesHost(site, 'MCP.example.com'),
      servesHost(site, 'mcp.example.com.'),
      servesHost(site, undefined),
    ]).toEqual([true, false, false])
    expect(site.origins.has('http://mcp.example.com')).toBe(false)
  })

  test('a site on loopback has the address that it listens on too', () => {
    expect([...siteOf('http://localhost:9000', { host: '::1', port: 8080 }).hosts]).toEqual([
      'localhost:9000',
      '[::1]:8080',
    ])
    expect([...siteOf('http://localhost:9000', { host: '0.0.0.0', port: 8080 }).hosts]).toEqual(['localhost:9000'])
  })
})

describe('the token', () => {
  test('none: a challenge that says where to go, and which scope to ask for', async () => {
    const reply = await refusedWith(but(call, { headers: { Authorization: undefined } }), 401, 'token_missing')
    expect(reply.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="http://${rig.host}/.well-known/oauth-protected-resource/mcp/vendor", scope="mcp:list"`,
    )
    expect(rig.refused[0]?.known).toMatchObject({ upstream: 'vendor', peer: '127.0.0.1' })
  })

  test.each([
    ['Basic YTpi', 'token_missing'],
    ['Bearer', 'token_missing'],
    ['Bearer a b', 'token_malformed'],
    [`Bearer ${'x'.repeat(8193)}`, 'token_malformed'],
  ])('%s', async (Authorization, reason) => {
    const reply = await refusedWith(but(call, { headers: { Authorization } }), 401, reason)
    expect(reply.headers.get('www-authenticate')).toContain('resource_metadata')
  })

  test('a bad one: named by its hash in the log, and vaguely on the wire', async () => {
    const reply = await refusedWith(
      but(call, { headers: { Authorization: 'Bearer somebody-elses-token-0123456789' } }),
      401,
      'token_invalid',
      false,
    )
    expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(reply.json.error.message).toBe('the access token was not accepted')
    expect(rig.refused[0]?.known.token).toBe(sha256('somebody-elses-token-0123456789'))
  })

  test('keys out of reach are our fault: 503, and no challenge', async () => {
    const reply = await refusedWith(
      but(call, { headers: { Authorization: `Bearer ${unlucky}` } }),
      503,
      'keys_unavailable',
      false,
    )
    expect(reply.headers.has('www-authenticate')).toBe(false)
    expect(reply.headers.get('retry-after')).toBe('5')
  })
})

test('more fields than are read are refused, not dropped', async () => {
  const lines = Array.from({ length: 100 }, (_, at) => `X-${at}: y`)
  const before = rig.accepted.length
  expect([400, 431]).toContain((await send(rig, { ...call, lines })).status)
  expect(rig.accepted).toHaveLength(before)
  const raw = Array.from({ length: 101 }, (_, at) => [`x-${at}`, 'y']).flat()
  expect(readRawHeaders(raw)).toMatchObject({ reason: 'header_invalid', status: 400 })
  expect(readRawHeaders(raw.slice(2))).toEqual({})
})

test('threat 91: headers over 16 KiB end the connection', async () => {
  const reply = parseReply(
    await sendRaw(rig.port, requestText(rig, { ...call, lines: [`X-Long: ${'x'.repeat(17_000)}`] })),
  )
  expect(reply.status).toBe(431)
})

describe('what a proxy could read otherwise', () => {
  test.each([
    [
      'both lengths',
      'POST /mcp/vendor HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST /mcp/vendor HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['an odd coding', 'POST /mcp/vendor HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a folded field', 'POST /mcp/vendor HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
    ['no host', 'POST /mcp/vendor HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
    ['a bare line feed', 'POST /mcp/vendor HTTP/1.1\nHost: h\nContent-Length: 0\n\n'],
    ['NUL in a value', 'POST /mcp/vendor HTTP/1.1\r\nHost: h\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
  ])('%s', async (_, text) => {
    const before = rig.accepted.length
    expect(parseReply(await sendRaw(rig.port, text, 1_000)).status).toBeGreaterThanOrEqual(400)
    expect(rig.accepted).toHaveLength(before)
  })
})
