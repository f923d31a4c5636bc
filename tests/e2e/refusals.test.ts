/** Every refusal of the design's table over the wire: its status, its code, its request id, its entry. */
import { hash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CapturingUpstream, captureTools } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { Issuer } from '../harness/issuer.ts'
import { type ModernCall, modernRequest, type RawAnswer, sendModern, sendRaw } from '../harness/raw.ts'

const policy = `
permit (principal, action == Sallyport::Action::"list", resource);
permit (principal, action in Sallyport::Action::"call", resource) when { resource.readOnly };
@approval("finance, 2")
permit (principal, action == Sallyport::Action::"vendor/pay", resource) when { context.arguments.amount < 1000 };
permit (principal, action == Sallyport::Action::"other/echo", resource);
`
const tools = [
  ...captureTools,
  { name: 'pay', inputSchema: { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] } },
  { name: 'drop', inputSchema: { type: 'object' } },
]

let upstream: CapturingUpstream
let other: CapturingUpstream
let issuer: Issuer
let gateway: RunningGateway
let token: string

beforeAll(async () => {
  ;[upstream, other, issuer] = await Promise.all([CapturingUpstream.start(), CapturingUpstream.start(), Issuer.start()])
  upstream.tools = tools
  gateway = await startGateway({
    upstreams: [
      {
        name: 'vendor',
        url: upstream.url,
        credentials: { type: 'bearer', token: { secret: randomBytes(24).toString('hex') } },
      },
      { name: 'other', url: other.url },
    ],
    issuers: [{ issuer: issuer.url, algorithms: ['ES256'], endpoints: { vendor: { audience: 'api://vendor' } } }],
    policies: { 'main.cedar': policy },
    clients: { agent: undefined, reader: ['vendor:read', 'mcp:list'] },
  })
  token = await gateway.token('vendor')
  expect((await call({})).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([upstream?.stop(), other?.stop(), issuer?.stop()])
})

beforeEach(() => {
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

function tool(name: string, args: Record<string, unknown>): Partial<ModernCall> {
  return { name, params: { name, arguments: args } }
}

interface Refused {
  readonly code: number
  readonly requestId: string
}

function refusalOf(answer: RawAnswer): Refused {
  const body = JSON.parse(answer.body) as {
    error?: { code: number; data: Refused }
    result?: { isError: boolean; _meta: Record<string, Refused> }
  }
  if (body.error !== undefined) return { ...body.error.data, code: body.error.code }
  expect(body.result?.isError).toBe(true)
  const refusal = body.result?._meta['dev.sallyport/refusal']
  if (refusal === undefined) throw new Error(`no refusal in ${answer.body}`)
  return refusal
}

/** Status and code as given; nothing sent; one entry that says why. */
async function expectRefused(answer: RawAnswer, status: number, code: number, reason: string): Promise<void> {
  expect({
    status: answer.status,
    code: refusalOf(answer).code,
    body: answer.status === status ? '' : answer.body,
  }).toEqual({ status, code, body: '' })
  expect(upstream.requests).toBe(0)
  const { requestId } = refusalOf(answer)
  expect(requestId).toMatch(/^\S{8,}$/)
  const [entry] = await gateway.auditWhere((one) => one.kind === 'refusal' && one.requestId === requestId)
  expect(entry?.status).toBe(reason)
}

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

describe('scope', () => {
  test('a scope that is missing where policy would allow: 403 insufficient_scope with all that is needed', async () => {
    const [writeToken] = [await gateway.token('vendor', { scope: 'mcp:list' })]
    const answer = await call({ token: writeToken })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(answer.headers['www-authenticate']).toContain('vendor:read')
  })

  test('where policy would not allow either, policy speaks', async () => {
    await expectRefused(
      await call({
        token: await gateway.token('vendor', { client: 'reader', scope: 'vendor:read mcp:list' }),
        ...tool('drop', {}),
      }),
      200,
      2001,
      'not_permitted',
    )
  })

  test('threat 20: a scope that the client may not have is not given', async () => {
    await expect(gateway.token('vendor', { client: 'reader', scope: 'vendor:write' })).rejects.toThrow('invalid_scope')
    await expect(gateway.token('vendor', { client: 'reader', scope: 'VENDOR:read' })).rejects.toThrow('invalid_scope')
  })
})

describe('policy', () => {
  test('2001: no policy permits it', async () => {
    await expectRefused(await call(tool('drop', {})), 200, 2001, 'not_permitted')
  })

  test('2002: an approval is needed', async () => {
    await expectRefused(await call(tool('pay', { amount: 10 })), 200, 2002, 'approval_needed')
  })

  test('an argument decides', async () => {
    await expectRefused(await call(tool('pay', { amount: 5000 })), 200, 2001, 'not_permitted')
  })

  test('threat 59: arguments outside the schema', async () => {
    await expectRefused(await call(tool('pay', { amount: 'ten' })), 200, -32602, 'arguments_invalid')
    await expectRefused(await call(tool('pay', {})), 200, -32602, 'arguments_invalid')
  })

  test('an unknown tool', async () => {
    await expectRefused(await call(tool('nothing', {})), 200, -32602, 'tool_unknown')
  })

  test('lists show what some argument could allow, and no more', async () => {
    const answer = await call({ method: 'tools/list', name: undefined, params: {} })
    const { result } = JSON.parse(answer.body) as { result: { tools: { name: string }[]; cacheScope: string } }
    expect(result.tools.map(({ name }) => name)).toEqual(['echo', 'pay'])
    expect(result.cacheScope).toBe('private')
  })

  test('threat 63: resources and prompts are no way around', async () => {
    await expectRefused(
      await call({ method: 'resources/read', name: 'file:///x', params: { uri: 'file:///x' } }),
      200,
      2001,
      'not_permitted',
    )
    await expectRefused(
      await call({ method: 'prompts/get', name: 'p', params: { name: 'p' } }),
      200,
      2001,
      'not_permitted',
    )
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

describe('the embedded authorization server', () => {
  const ask = (secret: string, form: Record<string, string>, path = '/oauth/token') =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { authorization: `Basic ${Buffer.from(`reader:${secret}`).toString('base64')}` },
    })
  const grant = (resource: string) => ({ grant_type: 'client_credentials', resource })

  test('a token issued and revoked is in the log by its hash', async () => {
    const issued = await gateway.token('vendor', { client: 'reader', scope: 'vendor:read' })
    const sha256 = hash('sha256', issued)
    // durable before it is answered: looked for once
    expect(gateway.audit().filter((entry) => entry.token === sha256)).toMatchObject([
      {
        kind: 'event',
        status: 'issued',
        agent: { issuer: gateway.url, clientId: 'reader' },
        detail: `for ${gateway.endpoint('vendor')} with vendor:read`,
      },
    ])
    expect((await ask(gateway.secrets.reader ?? '', { token: issued }, '/oauth/revoke')).status).toBe(200)
    expect(gateway.audit().filter((entry) => entry.token === sha256)).toMatchObject([{}, { status: 'revoked' }])
    expect(JSON.stringify(gateway.audit())).not.toContain(issued)
  })

  test('a wrong secret and a grant that is refused are in the log', async () => {
    const guess = randomBytes(12).toString('hex')
    expect((await ask(guess, grant(gateway.endpoint('vendor')))).status).toBe(401)
    expect((await ask(gateway.secrets.reader ?? '', grant('https://elsewhere.example'))).status).toBe(400)
    const [wrong] = await gateway.auditWhere(({ status }) => status === 'client_invalid')
    expect(wrong).toMatchObject({ kind: 'refusal', peer: '127.0.0.1' })
    expect(wrong?.detail).toMatch(/^\/oauth\/token: invalid_client: .*; as "reader"$/)
    // the first of its minute, which may be another test's; the rest are counted
    const [grants] = await gateway.auditWhere(({ status }) => status === 'oauth_refused')
    expect(grants?.detail).toMatch(/^\/oauth\/token: invalid_(?:target|scope): .*; as "reader"$/)
    expect(JSON.stringify(gateway.audit())).not.toContain(guess)
  })
})

test('threat 61: a tool whose definition changed is blocked until an operator accepts it', async () => {
  const listTools = () => call({ method: 'tools/list', name: undefined, params: {} })
  const changed = { ...captureTools[0], description: 'now sends mail as well' }
  upstream.tools = [changed, ...tools.slice(1)]
  const listed = JSON.parse((await listTools()).body) as { result: { tools: { name: string }[] } }
  expect(listed.result.tools.map(({ name }) => name)).toEqual(['pay'])
  upstream.requests = 0
  await expectRefused(await call({}), 200, 2004, 'tool_pending')
  upstream.tools = tools
  await listTools()
  expect((await call({})).status).toBe(200)
})
