import { randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createGuardedFetch } from '@sallyport/guard'
import { afterEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { CredentialConfig, UpstreamConfig } from '../../src/config/types.ts'
import { createCredentials } from '../../src/credentials/credentials.ts'
import type { Credential } from '../../src/credentials/port.ts'
import { isRefusal, type Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { type Authorized, type Intent, mint } from '../../src/stages.ts'

const key = randomBytes(32)
const value = 'a-secret-of-some-length-0123456789'
const secret = (text = value, reference = '${KEY}') => new Secret(text, reference)

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A clock that a test sets. */
class SetClock implements Clock {
  ms = 1_000_000
  now = () => 1_800_000_000_000 + this.ms
  monotonic = () => this.ms
}

function upstream(name: string, credentials: CredentialConfig): UpstreamConfig {
  const limits = { responseTimeoutMs: 1, idleTimeoutMs: 1, messageBytes: 1 }
  return { kind: 'http', name, url: 'https://x.example/mcp', insecureHttp: false, credentials, adminTools: [], limits }
}

function rig(configured: Readonly<Record<string, CredentialConfig>>) {
  const clock = new SetClock()
  const upstreams = Object.entries(configured).map(([name, config]) => upstream(name, config))
  const credentials = createCredentials({ upstreams, fetch: createGuardedFetch({ allow: [] }), clock, versionKey: key })
  const intentOf = (name: string) => {
    const authorized = mint<Authorized>({
      upstream: name,
      principal: {} as never,
      call: {} as never,
      decision: {} as never,
    })
    const plan = credentials.plan(authorized)
    return mint<Intent>({ upstream: name, entryId: 'w-1', authorized, plan, startedMs: 0 })
  }
  const lease = (name: string): Promise<Credential | Refusal> => {
    const intent = intentOf(name)
    return Promise.resolve(credentials.lease(intent, intent.plan))
  }
  return { clock, credentials, intentOf, lease }
}

async function leased(made: ReturnType<typeof rig>, name = 'a'): Promise<Credential> {
  const credential = await made.lease(name)
  if (isRefusal(credential)) throw new Error(credential.detail)
  return credential
}

const types: readonly (readonly [CredentialConfig, Partial<Credential>])[] = [
  [{ type: 'none' }, { headers: [], environment: {} }],
  [
    { type: 'bearer', token: secret() },
    { headers: [['authorization', `Bearer ${value}`]], environment: {} },
  ],
  [
    { type: 'header', name: 'X-Api-Key', value: secret() },
    { headers: [['x-api-key', value]], environment: {} },
  ],
  [
    { type: 'basic', username: 'ada', password: secret() },
    { headers: [['authorization', `Basic ${Buffer.from(`ada:${value}`).toString('base64')}`]], environment: {} },
  ],
  [
    { type: 'env', variables: { API_KEY: secret() } },
    { headers: [], environment: { API_KEY: value } },
  ],
]

describe.each(types)('$type', (config, presented) => {
  test('is leased at once, and is the same object for every call', () => {
    const { credentials, intentOf } = rig({ a: config })
    const intent = intentOf('a')
    const credential = credentials.lease(intent, intent.plan)
    expect(credential).toMatchObject({ upstream: 'a', ...presented })
    expect(credentials.lease(intent, intent.plan)).toBe(credential)
    expect(Object.isFrozen(credential)).toBe(true)
    expect(credentials.plan(intent.authorized)).toBe(intent.plan)
  })

  test('its detector finds the secret as it was presented, and in no other answer', async () => {
    const { detector, headers } = await leased(rig({ a: config }))
    if (config.type === 'none') {
      expect(detector).toBeUndefined()
      return
    }
    const echo = headers[0]?.[1] ?? value
    expect(detector?.matches(Buffer.from(`{"echo":"${echo}"}`))).toBe(true)
    expect(detector?.matches(Buffer.from(`{"echo":"${value.slice(0, 24)}"}`))).toBe(false)
  })

  test('its plan and description name no value', () => {
    const { credentials, intentOf } = rig({ a: config })
    const plan = intentOf('a').plan
    expect(plan).toMatchObject({
      upstream: 'a',
      type: config.type,
      id: `a/${config.type}`,
      issuer: undefined,
      audience: undefined,
      scopes: [],
    })
    expect(plan.version).toMatch(config.type === 'none' ? /^$/ : /^[0-9a-f]{12}$/)
    const description = credentials.describe('a')
    expect(description).toMatchObject({
      type: config.type,
      version: plan.version,
      sources: config.type === 'none' ? [] : ['${KEY}'],
      expiry: { known: false },
    })
    expect(inspect({ plan, description, credentials }, { depth: 9 })).not.toContain(value)
  })
})

test('a version changes with the secret and the upstream, and not with a restart', () => {
  const versionOf = (text: string, name = 'a') =>
    rig({ [name]: { type: 'bearer', token: secret(text) } }).intentOf(name).plan.version
  expect(versionOf('one-secret')).toBe(versionOf('one-secret'))
  expect(new Set([versionOf('one-secret'), versionOf('two-secret'), versionOf('one-secret', 'b')]).size).toBe(3)
})

test('one secret serves one upstream: both that share it are refused, the others are not', async () => {
  const made = rig({
    a: { type: 'bearer', token: secret() },
    b: { type: 'header', name: 'x-key', value: secret(value, '${OTHER}') },
    c: { type: 'bearer', token: secret('quite-another-secret') },
  })
  expect(await made.lease('a')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  expect(await made.lease('b')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  expect(isRefusal(await made.lease('c'))).toBe(false)
})

test('threat 81: a credential asked for another upstream, or for another intent, is an error', () => {
  const { credentials, intentOf } = rig({ a: { type: 'bearer', token: secret() }, b: { type: 'none' } })
  const [a, b] = [intentOf('a'), intentOf('b')]
  expect(() => credentials.lease(a, b.plan as never)).toThrow(/`b` was asked for a call to `a`/)
  expect(() => credentials.lease({ ...b, plan: a.plan } as never, a.plan)).toThrow(/`a`/)
  expect(() => credentials.lease(a, { ...a.plan })).toThrow(/not the one that its intent names/)
  expect(() =>
    credentials.lease({ ...a, plan: { ...a.plan, version: 'x' } } as never, { ...a.plan, version: 'x' }),
  ).toThrow()
  expect(() => credentials.lease({ ...a, authorized: b.authorized } as never, a.plan)).toThrow()
  expect(() => credentials.describe('c')).toThrow(/no upstream `c`/)
  const rotated = rig({ a: { type: 'bearer', token: secret('rotated-in-between') } })
  expect(() => rotated.credentials.lease(a, a.plan)).toThrow(/not the one/)
})

test.each<readonly [string, CredentialConfig, RegExp]>([
  ['a line end', { type: 'bearer', token: secret(`${value}\n`) }, /\$\{KEY\} holds characters/],
  ['a space at the end', { type: 'header', name: 'x-key', value: secret(`${value} `) }, /holds characters/],
  ['a letter beyond ASCII', { type: 'bearer', token: secret('gé') }, /holds characters/],
  ['too long', { type: 'bearer', token: secret('x'.repeat(20_000)) }, /longer than/],
  ['no header name', { type: 'header', name: 'x key', value: secret() }, /no header name/],
  ['a header of ours', { type: 'header', name: 'Mcp-Method', value: secret() }, /set by Sallyport itself/],
  ['a header of the connection', { type: 'header', name: 'Host', value: secret() }, /set by Sallyport itself/],
  ['a colon in the user', { type: 'basic', username: 'a:b', password: secret() }, /colon/],
  ['no variable', { type: 'env', variables: { 'A=B': secret() } }, /no name of an environment variable/],
  ['a NUL', { type: 'env', variables: { A: secret('a\0b') } }, /NUL/],
])('what could not be presented stops the start, and is not printed: %s', (_, config, message) => {
  expect(() => rig({ a: config })).toThrow(message)
  expect(() => rig({ a: config })).not.toThrow(value)
})

interface TokenRequest {
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
}

/** A real authorization server, as far as this grant goes. */
async function issuer(
  options: {
    metadata?: Record<string, unknown>
    token?: (count: number) => { status?: number; body: unknown }
    oidc?: boolean
    delayMs?: number
  } = {},
) {
  const requests: TokenRequest[] = []
  let down = false
  let origin = ''
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const send = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (down) {
        send(500, {})
        return
      }
      const wellKnown =
        options.oidc === true ? '/.well-known/openid-configuration' : '/.well-known/oauth-authorization-server'
      if (request.url === wellKnown)
        send(200, { issuer: origin, token_endpoint: `${origin}/token`, ...options.metadata })
      else if (request.url === '/token') {
        requests.push({ headers: request.headers, form: new URLSearchParams(Buffer.concat(chunks).toString('utf8')) })
        if (options.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delayMs))
        const { status = 200, body } = options.token?.(requests.length) ?? {
          body: { access_token: `upstream-token-number-${requests.length}`, token_type: 'Bearer', expires_in: 100 },
        }
        send(status, body)
      } else send(404, {})
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  closing.push(() => new Promise((resolve) => server.close(() => resolve())))
  return {
    requests,
    setDown: (is: boolean) => {
      down = is
    },
    config: {
      type: 'client_credentials',
      issuer: origin,
      clientId: 'gate way',
      clientSecret: secret('client:secret/of some+length'),
      scopes: ['read', 'write'],
      resource: 'https://x.example/mcp',
    } satisfies CredentialConfig,
  }
}

const tokenOf = (credential: Credential) => credential.headers[0]?.[1]

describe('client_credentials', () => {
  test('asks the issuer for a token of this resource, with client_secret_basic', async () => {
    const server = await issuer()
    const made = rig({ a: server.config })
    const credential = await leased(made)
    expect(credential.headers).toEqual([['authorization', 'Bearer upstream-token-number-1']])
    expect(credential.detector?.matches(Buffer.from('{"a":"upstream-token-number-1"}'))).toBe(true)
    const [{ headers, form }] = server.requests as [TokenRequest]
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'client_credentials',
      resource: 'https://x.example/mcp',
      scope: 'read write',
    })
    const encode = (text: string) => encodeURIComponent(text).replace(/%20/g, '+')
    const pair = `${encode('gate way')}:${encode('client:secret/of some+length')}`
    expect(headers.authorization).toBe(`Basic ${Buffer.from(pair).toString('base64')}`)
    expect(made.intentOf('a').plan).toMatchObject({
      type: 'client_credentials',
      issuer: server.config.issuer,
      audience: 'https://x.example/mcp',
      scopes: ['read', 'write'],
    })
    expect(made.credentials.describe('a').expiry).toEqual({ known: true, at: made.clock.now() + 100_000 })
    expect(inspect(made.credentials.describe('a'))).not.toContain('upstream-token')
  })

  test('uses client_secret_post, and OpenID metadata, where there is nothing else', async () => {
    const server = await issuer({
      oidc: true,
      metadata: { token_endpoint_auth_methods_supported: ['client_secret_post'] },
    })
    await leased(rig({ a: server.config }))
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
    expect(server.requests[0]?.form.get('client_secret')).toBe('client:secret/of some+length')
  })

  test('threat 98: a stampede is one request, also when the token has ended', async () => {
    const server = await issuer({ delayMs: 30 })
    const made = rig({ a: server.config })
    const all = await Promise.all(Array.from({ length: 50 }, () => leased(made)))
    expect(new Set(all).size).toBe(1)
    made.clock.ms += 99_000
    await Promise.all(Array.from({ length: 50 }, () => leased(made)))
    expect(server.requests).toHaveLength(2)
  })

  test('a token is leased without waiting, replaced ahead of its end, and not presented at its end', async () => {
    const server = await issuer()
    const made = rig({ a: server.config })
    const first = await leased(made)
    const intent = made.intentOf('a')
    made.clock.ms += 79_000
    expect(made.credentials.lease(intent, intent.plan)).toBe(first)
    expect(server.requests).toHaveLength(1)
    made.clock.ms += 2_000
    expect(made.credentials.lease(intent, intent.plan)).toBe(first)
    await expect
      .poll(() => tokenOf(made.credentials.lease(intent, intent.plan) as Credential))
      .toBe('Bearer upstream-token-number-2')
    expect(server.requests).toHaveLength(2)
    server.setDown(true)
    made.clock.ms += 94_000
    expect(made.credentials.lease(intent, intent.plan)).toMatchObject({ upstream: 'a' })
    made.clock.ms += 2_000
    expect(await made.lease('a')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  })

  test('a failure is a refusal, and the next one waits its time', async () => {
    const server = await issuer({
      token: () => ({ status: 400, body: { error: 'invalid_client', error_description: `bad ${value}` } }),
    })
    const made = rig({ a: server.config })
    const refusal = (await made.lease('a')) as Refusal
    expect(refusal).toMatchObject({ reason: 'credential_unavailable', status: 503 })
    expect(refusal.detail).toContain('`invalid_client`')
    expect(JSON.stringify(refusal)).not.toContain(value)
    expect(await made.lease('a')).toMatchObject({ reason: 'credential_unavailable', retryAfterSeconds: 1 })
    expect(server.requests).toHaveLength(1)
    made.clock.ms += 1_001
    await made.lease('a')
    expect(server.requests).toHaveLength(2)
    expect(await made.lease('a')).toMatchObject({ retryAfterSeconds: 2 })
  })

  test('a rejected token is not presented again, and rejections do not hammer the token endpoint', async () => {
    const server = await issuer()
    const made = rig({ a: server.config })
    expect(tokenOf(await leased(made))).toBe('Bearer upstream-token-number-1')
    made.clock.ms += 70_000
    made.credentials.rejected('a')
    made.credentials.rejected('a')
    expect(tokenOf(await leased(made))).toBe('Bearer upstream-token-number-2')
    made.credentials.rejected('a')
    expect(await made.lease('a')).toMatchObject({ refused: true, retryAfterSeconds: 1 })
    made.clock.ms += 1_001
    await leased(made)
    made.credentials.rejected('a')
    expect(await made.lease('a')).toMatchObject({ refused: true, retryAfterSeconds: 2 })
    expect(server.requests).toHaveLength(3)
  })

  test.each([
    ['no Bearer token', { body: { access_token: 'a-token-of-another-kind', token_type: 'N_A' } }],
    ['a token that no header carries', { body: { access_token: 'a\r\nx: y', token_type: 'Bearer' } }],
    ['an expired token', { body: { access_token: 'a-token-that-is-late', token_type: 'Bearer', expires_in: 2 } }],
    ['no token', { body: { token_type: 'Bearer' } }],
    ['no JSON object', { body: 'token' }],
    ['an error', { status: 500, body: {} }],
  ])('refused: %s', async (_, answer) => {
    const server = await issuer({ token: () => answer })
    expect(await rig({ a: server.config }).lease('a')).toMatchObject({
      refused: true,
      reason: 'credential_unavailable',
    })
  })

  test.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['the issuer in another spelling', (origin: string) => ({ issuer: `${origin}/` })],
    ['a token endpoint at an address that is not public', { token_endpoint: 'https://10.0.0.1/token' }],
    ['no way to authenticate', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }],
  ])('metadata that is not acceptable: %s', async (_, metadata) => {
    const given: Record<string, unknown> = {}
    const server = await issuer({ metadata: given })
    Object.assign(given, typeof metadata === 'function' ? metadata(server.config.issuer) : metadata)
    expect(await rig({ a: server.config }).lease('a')).toMatchObject({
      refused: true,
      reason: 'credential_unavailable',
    })
    expect(server.requests).toHaveLength(0)
  })

  test('a token without a lifetime is kept for a while, and its end is not known', async () => {
    const server = await issuer({
      token: (count) => ({ body: { access_token: `token-without-end-${count}`, token_type: 'bearer' } }),
    })
    const made = rig({ a: server.config })
    await leased(made)
    expect(made.credentials.describe('a').expiry).toMatchObject({ known: false })
    made.clock.ms += 301_000
    expect(tokenOf(await leased(made))).toBe('Bearer token-without-end-2')
  })

  test("one token for two upstreams, or one that is another upstream's secret, is refused", async () => {
    const server = await issuer({
      token: () => ({ body: { access_token: value, token_type: 'Bearer', expires_in: 100 } }),
    })
    const two = rig({ a: server.config, b: server.config })
    await leased(two)
    expect(await two.lease('b')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
    const beside = rig({ a: server.config, b: { type: 'bearer', token: secret() } })
    expect(await beside.lease('a')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
    expect(isRefusal(await beside.lease('b'))).toBe(false)
  })
})
