/**
 * The embedded authorization server, from outside, as far as it goes: client credentials, introspection, revocation, and
 * nothing of what threat group D needs people for. And Host and Origin on every path.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CapturingUpstream } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { sendModern, sendRaw } from '../harness/raw.ts'

let upstream: CapturingUpstream
let gateway: RunningGateway
let token: string

beforeAll(async () => {
  upstream = await CapturingUpstream.start()
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: upstream.url },
      { name: 'other', url: upstream.url.replace('/mcp', '/other') },
    ],
    clients: { agent: undefined, reader: ['vendor:read'] },
  })
  token = await gateway.token('vendor')
})

afterAll(async () => {
  await gateway?.stop()
  await upstream?.stop()
})

interface Asked {
  readonly path?: string
  readonly client?: string
  readonly secret?: string
  readonly headers?: Record<string, string>
}

async function ask(form: Record<string, string> | string, more: Asked = {}) {
  const client = more.client ?? 'agent'
  const basic = Buffer.from(`${client}:${more.secret ?? gateway.secrets[client]}`).toString('base64')
  const answer = await fetch(`${gateway.url}${more.path ?? '/oauth/token'}`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(form),
    headers: { authorization: `Basic ${basic}`, ...more.headers },
  })
  const text = await answer.text()
  return { status: answer.status, text, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

const grant = (more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  resource: gateway.endpoint('vendor'),
  ...more,
})

describe('there is one grant', () => {
  test.each([
    ['threats 42-44: a code', { grant_type: 'authorization_code', code: 'x', redirect_uri: 'http://127.0.0.1/' }],
    ['threat 48: a refresh', { grant_type: 'refresh_token', refresh_token: 'x' }],
    ['threat 51: an exchange', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: 'x' }],
    ['a device', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' }],
    ['a password', { grant_type: 'password', username: 'a', password: 'b' }],
    ['an assertion', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'x' }],
    ['none', {}],
  ])('%s gives no token', async (_, form) => {
    const answer = await ask({ resource: gateway.endpoint('vendor'), ...form })
    expect(answer.status).toBe(400)
    expect(answer.body).not.toHaveProperty('access_token')
  })

  test('threats 37-41 and 45: nothing asks for consent, redirects, or gives a code', async () => {
    for (const type of ['code', 'token', 'id_token', 'none']) {
      const query = `response_type=${type}&client_id=agent&redirect_uri=https%3A%2F%2Fevil.example%2F&state=s`
      const answer = await fetch(`${gateway.url}/oauth/authorize?${query}`, { redirect: 'manual' })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
    }
  })

  test('threat 47: nobody registers a client', async () => {
    for (const path of ['/oauth/register', '/oauth/reg', '/register']) {
      const answer = await fetch(`${gateway.url}${path}`, { method: 'POST', body: '{"redirect_uris":["https://a"]}' })
      expect(answer.status).toBe(404)
    }
    const metadata = await (await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).not.toHaveProperty('registration_endpoint')
  })
})

describe('a token is for one resource, and no more than was allowed', () => {
  test.each<[string, () => string]>([
    ['threat 15: no resource', () => 'grant_type=client_credentials'],
    ['threat 15: an empty one', () => 'grant_type=client_credentials&resource='],
    ['threat 49: two', () => `${form()}&resource=${encodeURIComponent(gateway.endpoint('other'))}`],
    ['threat 15: the gateway as a whole', () => form(gateway.url)],
    ['threat 15: somebody else', () => form('https://vendor.example/mcp')],
    ['threat 22: with a trailing slash', () => form(`${gateway.endpoint('vendor')}/`)],
    ['threat 22: in another case', () => form(gateway.endpoint('VENDOR'))],
    ['threat 22: with a fragment', () => form(`${gateway.endpoint('vendor')}#a`)],
    ['threat 49: a scope of another resource', () => `${form()}&scope=other%3Aread`],
    ['threat 49: a scope that does not exist', () => `${form()}&scope=openid`],
  ])('%s', async (_, make) => {
    const answer = await ask(make())
    expect(answer.status).toBe(400)
    expect(answer.body).not.toHaveProperty('access_token')
  })

  const form = (resource = gateway.endpoint('vendor')) =>
    `grant_type=client_credentials&resource=${encodeURIComponent(resource)}`

  test('threat 49: what a client may not have is refused, not narrowed', async () => {
    expect((await ask(grant({ scope: 'vendor:read vendor:write' }), { client: 'reader' })).status).toBe(400)
    expect((await ask(grant({ scope: 'vendor:read' }), { client: 'reader' })).body.scope).toBe('vendor:read')
  })
})

describe('only a client that proves itself is answered', () => {
  test('a wrong secret, an unknown client, none at all', async () => {
    const wrong = await ask(grant(), { secret: 'wrong' })
    const unknown = await ask(grant(), { client: 'nobody', secret: 'wrong' })
    expect(wrong.status).toBe(401)
    expect({ ...unknown.body }).toEqual({ ...wrong.body })
    expect((await ask(grant(), { headers: { authorization: '' } })).status).toBeGreaterThanOrEqual(400)
  })

  test('a page of another site, a query, another media type', async () => {
    expect((await ask(grant(), { headers: { origin: 'https://evil.example' } })).status).toBe(400)
    expect((await ask(grant(), { path: '/oauth/token?a=b' })).status).toBe(400)
    expect((await ask(grant(), { headers: { 'content-type': 'application/json' } })).status).toBe(400)
  })

  test('of a token of another client nothing is told, and it is not revoked', async () => {
    const inspected = await ask({ token }, { path: '/oauth/introspect', client: 'reader' })
    expect(inspected.body).toEqual({ active: false })
    await ask({ token }, { path: '/oauth/revoke', client: 'reader' })
    expect((await ask({ token }, { path: '/oauth/introspect' })).body.active).toBe(true)
  })

  test('what the token endpoint says of an upstream’s token is that it does not know it', async () => {
    expect((await ask({ token: 'a.b.c' }, { path: '/oauth/introspect' })).body).toEqual({ active: false })
  })
})

describe('threat 109: Host and Origin', () => {
  const paths = [
    ['POST', '/mcp/vendor'],
    ['GET', '/.well-known/oauth-protected-resource/mcp/vendor'],
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', '/oauth/jwks'],
    ['POST', '/oauth/token'],
    ['GET', '/nothing'],
  ] as const

  test.each(paths)('%s %s is not served under another name', async (method, target) => {
    const { port } = new URL(gateway.url)
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, '127.0.0.1:1']) {
      const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0', 'Connection: close']
      expect((await sendRaw(gateway.url, `${head.join('\r\n')}\r\n\r\n`)).status, host).toBe(403)
    }
  })

  test.each(['https://evil.example', 'null', 'http://127.0.0.1', 'http://127.0.0.1:1', ''])(
    'the origin %j calls nothing',
    async (origin) => {
      upstream.requests = 0
      const answer = await sendModern({
        url: gateway.endpoint('vendor'),
        token,
        name: 'echo',
        params: { name: 'echo', arguments: {} },
        headers: [`Origin: ${origin}`],
      })
      expect(answer.status).toBe(403)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
      expect(upstream.requests).toBe(0)
    },
  )

  test('a preflight is not answered with leave', async () => {
    const answer = await fetch(gateway.endpoint('vendor'), { method: 'OPTIONS' })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the ops listener', () => {
  test('answers reads of its three documents alone, without a secret in them', async () => {
    for (const [method, target, status] of [
      ['GET', '/healthz', 200],
      ['GET', '/readyz', 200],
      ['GET', '/metrics', 200],
      ['POST', '/metrics', 405],
      ['GET', '/', 404],
      ['GET', '/mcp/vendor', 404],
      ['GET', '/oauth/token', 404],
      ['GET', '/metrics/../healthz', 200],
    ] as const) {
      const answer = await fetch(`${gateway.ops}${target}`, { method })
      expect(answer.status, target).toBe(status)
      const text = await answer.text()
      for (const secret of [token, ...Object.values(gateway.secrets)]) expect(text).not.toContain(secret)
    }
  })
})
