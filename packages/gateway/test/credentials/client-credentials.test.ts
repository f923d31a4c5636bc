import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Credential } from '../../src/credentials/port.ts'
import { isRefusal, type Refusal } from '../../src/refusal.ts'
import { issuer, type TokenRequest } from './issuer.ts'
import { leased, rig, secret, value } from './rig.ts'

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

  test('threat 30: a token is found in what comes by a stream that was opened with another one', async () => {
    const server = await issuer()
    const made = rig({ a: server.config })
    const first = await leased(made)
    for (let count = 2; count <= 6; count += 1) {
      made.clock.ms += 100_000
      await leased(made)
    }
    const finds = (count: number) => first.detector?.matches(Buffer.from(`see upstream-token-number-${count}!`))
    expect([1, 2, 3, 4, 5, 6, 7].map(finds)).toEqual([false, false, true, true, true, true, false])
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
