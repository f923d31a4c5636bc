/** Refusals at the two doors and of a message's shape, over the wire: status, code, request id, entry. */
import { describe, expect, test } from 'vitest'
import type { CapturingUpstream } from '../harness/capture.ts'
import { modernRequest, sendModern, sendRaw } from '../harness/raw.ts'
import { call, expectRefused, gateway, issuer, refusalOf, token, upstream } from './refusals-rig.ts'

describe('the outer door', () => {
  test('no token: 401, a challenge that names the metadata and a scope', async () => {
    const answer = await call({ token: undefined })
    expect(answer.status).toBe(401)
    const challenge = answer.headers['www-authenticate'] ?? ''
    expect(challenge).toContain(`resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/mcp/vendor"`)
    expect(challenge).toContain('scope="vendor:read"')
    const metadata = (await (
      await fetch(`${gateway.url}/.well-known/oauth-protected-resource/mcp/vendor`)
    ).json()) as Record<string, unknown>
    expect(metadata).toMatchObject({
      resource: gateway.endpoint('vendor'),
      authorization_servers: [gateway.url, issuer.url],
    })
  })

  test('the root metadata document would name nothing: 404', async () => {
    expect((await fetch(`${gateway.url}/.well-known/oauth-protected-resource`)).status).toBe(404)
  })

  test.each([
    ['garbage', async () => 'garbage'],
    ['threat 15: a token for another upstream', () => gateway.token('other')],
    [
      'threat 15: a foreign token for another audience',
      () => issuer.token({ aud: 'api://other', scope: 'vendor:read' }),
    ],
    [
      'threat 16: our audience beside a foreign one',
      () => issuer.token({ aud: ['api://vendor', 'https://elsewhere.example'], scope: 'vendor:read' }),
    ],
    ['threat 9: an expired one', () => issuer.token({ aud: 'api://vendor', scope: 'vendor:read', exp: 1_700_000_000 })],
    ['threat 11: an id_token', () => issuer.token({ aud: 'api://vendor', nonce: 'n' }, { typ: 'JWT' })],
    [
      'threat 17: an issuer with a slash',
      () => issuer.token({ aud: 'api://vendor', scope: 'vendor:read', iss: `${issuer.url}/` }),
    ],
  ])('%s: 401', async (_, make) => {
    const answer = await call({ token: await make() })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(upstream.requests).toBe(0)
  })

  test('threat 1: alg none: 401', async () => {
    const [, payload] = issuer.token({ aud: 'api://vendor', scope: 'vendor:read' }).split('.')
    const header = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    expect((await call({ token: `${header}.${payload}.` })).status).toBe(401)
  })

  test('a person of another issuer passes, and the log names the person and the agent', async () => {
    const answer = await call({ token: issuer.token({ aud: 'api://vendor', scope: 'vendor:read vendor:write' }) })
    expect(answer.status).toBe(200)
    const entries = gateway.audit().filter(({ kind, method }) => kind === 'intent' && method === 'tools/call')
    expect(entries.at(-1)).toMatchObject({
      person: { issuer: issuer.url, subject: 'alice' },
      agent: { clientId: 'their-agent' },
    })
  })

  test('threat 12: a token revoked here is refused within five seconds', async () => {
    const revoked = await gateway.token('vendor')
    expect((await call({ token: revoked })).status).toBe(200)
    const basic = Buffer.from(`agent:${gateway.secrets.agent}`).toString('base64')
    const answer = await fetch(`${gateway.url}/oauth/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token: revoked }),
    })
    expect(answer.status).toBe(200)
    const from = Date.now()
    while ((await call({ token: revoked })).status !== 401) {
      expect(Date.now() - from).toBeLessThan(5_000)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })

  test('threat 22: a trailing slash, an encoded or an unknown path', async () => {
    for (const path of ['/mcp/vendor/', '/mcp/%76endor', '/mcp/Vendor', '/mcp/nobody', '/mcp']) {
      expect((await call({ path })).status, path).toBe(404)
    }
    expect(upstream.requests).toBe(0)
  })
})

describe('shape', () => {
  const raw = (edit: (request: string) => string) =>
    sendRaw(
      gateway.url,
      edit(
        modernRequest({
          url: gateway.endpoint('vendor'),
          token,
          name: 'echo',
          params: { name: 'echo', arguments: {} },
        }),
      ),
    )

  test.each<[string, (request: string) => string, number]>([
    ['another Host', (request) => request.replace(/Host: .*\r\n/, 'Host: evil.example\r\n'), 403],
    ['a foreign Origin', (request) => request.replace('Accept:', 'Origin: https://evil.example\r\nAccept:'), 403],
    ['PUT', (request) => request.replace('POST', 'PUT'), 405],
    ['a narrow Accept', (request) => request.replace('application/json, text/event-stream', 'application/json'), 406],
    ['text/plain', (request) => request.replace('Content-Type: application/json', 'Content-Type: text/plain'), 415],
    ['gzip', (request) => request.replace('Accept:', 'Content-Encoding: gzip\r\nAccept:'), 415],
    ['too large', (request) => request.replace(/Content-Length: \d+/, 'Content-Length: 99999999'), 413],
  ])('%s', async (_, edit, status) => {
    expect((await raw(edit)).status).toBe(status)
    expect(upstream.requests).toBe(0)
  })

  test.each<[string, string, number]>([
    ['threat 54: duplicate keys', '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}', -32700],
    [
      'threat 57: an unsafe integer',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":9007199254740993}}}',
      -32700,
    ],
    [
      'threat 58: __proto__',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"__proto__":{"a":1}}}}',
      -32700,
    ],
    [
      'threat 92: 100,000 deep',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      -32700,
    ],
    ['threat 56: a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
    ['no JSON', '{', -32700],
  ])('%s: 400', async (_, body, code) => {
    const answer = await call({ body })
    expect(answer.status).toBe(400)
    expect(refusalOf(answer).code).toBe(code)
    expect(upstream.requests).toBe(0)
  })

  test('threat 52: headers that differ from the body: 400, -32020', async () => {
    await expectRefused(await call({ name: 'pay' }), 400, -32020, 'header_mismatch')
  })

  test('threat 66: an unsupported version: 400, -32022 with what is supported', async () => {
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }
    const request = modernRequest({
      url: gateway.endpoint('vendor'),
      token,
      name: 'echo',
      params: { name: 'echo', arguments: {} },
      meta,
    })
    const answer = await sendRaw(
      gateway.url,
      request.replace('MCP-Protocol-Version: 2026-07-28', 'MCP-Protocol-Version: 2099-01-01'),
    )
    expect(answer.status).toBe(400)
    expect(refusalOf(answer).code).toBe(-32022)
  })

  test('a method that is not carried: 404, -32601', async () => {
    await expectRefused(
      await call({ method: 'tasks/get', name: undefined, params: {} }),
      404,
      -32601,
      'rpc_method_unknown',
    )
  })
})

describe('the inner door', () => {
  test.each<[string, Parameters<typeof misbehave>[0]]>([
    ['401', (_, __, response) => respond(response, 401)],
    ['500', (_, __, response) => respond(response, 500)],
    ['HTML', (_, __, response) => respond(response, 200, '<html>', 'text/html')],
    ['no JSON', (_, __, response) => respond(response, 200, '{', 'application/json')],
    [
      'another id',
      (_, __, response) => respond(response, 200, '{"jsonrpc":"2.0","id":"other","result":{}}', 'application/json'),
    ],
    [
      'compressed',
      (_, __, response) => respond(response, 200, 'x', 'application/json', { 'content-encoding': 'gzip' }),
    ],
  ])('2008: an upstream that answers %s', async (_, how) => {
    misbehave(how)
    const answer = await call({})
    expect(refusalOf(answer).code).toBe(2008)
    expect(answer.status).toBe(503)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(upstream.requests).toBe(1)
  })

  test('a broken upstream touches no other', async () => {
    misbehave((_, __, response) => respond(response, 500))
    await call({})
    const answer = await sendModern({
      url: gateway.endpoint('other'),
      token: await gateway.token('other'),
      name: 'echo',
      params: { name: 'echo', arguments: { message: 'fine' } },
    })
    expect(answer.status).toBe(200)
  })

  function misbehave(how: CapturingUpstream['misbehave']): void {
    upstream.misbehave = how
  }

  function respond(
    response: Parameters<CapturingUpstream['misbehave']>[2],
    status: number,
    body = '',
    type = 'text/plain',
    headers = {},
  ): boolean {
    response.writeHead(status, { 'content-type': type, ...headers }).end(body)
    return true
  }
})
