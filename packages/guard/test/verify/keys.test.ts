import { afterEach, beforeEach, expect, test } from 'vitest'
import { door, outcome, refusalOf, settings } from '../support/door.ts'
import { accessTokenClaims, NOW, NOW_MS, type SigningKey, sign, signingKey, TestIssuer } from '../support/issuer.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

let issuer: TestIssuer
let key: SigningKey
let count = 0

beforeEach(async () => {
  issuer = await TestIssuer.start('/realms/a')
  key = await signingKey('k1')
  issuer.keys = [key.jwk]
})
afterEach(() => issuer.stop())

/** A token no cache has seen, that lives for days. */
const fresh = (by = key) => {
  count += 1
  return sign(accessTokenClaims(issuer.issuer, { jti: `${count}`, exp: NOW + 7 * 86_400 }), by)
}
const broken: TestIssuer['broken'] = (_request, response) => response.writeHead(503).end()

test('metadata is found by RFC 8414, with the well-known string before the path', async () => {
  const { knock } = door([settings(issuer.issuer)])
  expect(outcome(await knock(await fresh()))).toBe('ok')
  expect(issuer.requests).toEqual(['GET /.well-known/oauth-authorization-server/realms/a', 'GET /jwks'])
})

test('and else by OpenID Connect Discovery, with it after the path', async () => {
  issuer.serves = 'openid'
  const { knock } = door([settings(issuer.issuer)])
  expect(outcome(await knock(await fresh()))).toBe('ok')
  expect(issuer.requests[1]).toBe('GET /realms/a/.well-known/openid-configuration')
})

test('threat 98: many tokens at once cause one fetch of metadata and one of keys', async () => {
  const { knock } = door([settings(issuer.issuer)])
  const tokens = await Promise.all(Array.from({ length: 20 }, () => fresh()))
  const verdicts = await Promise.all(tokens.map((token) => knock(token)))
  expect(verdicts.map(outcome)).toEqual(Array(20).fill('ok'))
  expect(issuer.requests.length).toBe(2)
})

test('keys are fresh for 10 minutes, or for the max-age of the answer within bounds', async () => {
  const { knock } = door([settings(issuer.issuer)])
  for (const atMs of [0, 5 * MINUTE_MS, 10 * MINUTE_MS - 1]) await knock(await fresh(), NOW_MS + atMs)
  expect(issuer.count('/jwks')).toBe(1)
  issuer.cacheControl = 'public, max-age=1800'
  await knock(await fresh(), NOW_MS + 10 * MINUTE_MS)
  expect(issuer.count('/jwks')).toBe(2)
  await knock(await fresh(), NOW_MS + 39 * MINUTE_MS)
  expect(issuer.count('/jwks')).toBe(2)
  issuer.cacheControl = 'max-age=0'
  await knock(await fresh(), NOW_MS + 40 * MINUTE_MS)
  await knock(await fresh(), NOW_MS + 40 * MINUTE_MS + 59_000)
  expect(issuer.count('/jwks')).toBe(3)
  issuer.cacheControl = 'max-age=999999999'
  await knock(await fresh(), NOW_MS + 41 * MINUTE_MS)
  expect(issuer.count('/jwks')).toBe(4)
  await knock(await fresh(), NOW_MS + 102 * MINUTE_MS)
  expect(issuer.count('/jwks')).toBe(5)
})

test('a rotated key is accepted at once, by one more fetch, and the old one until it is withdrawn', async () => {
  const { knock } = door([settings(issuer.issuer)])
  expect(outcome(await knock(await fresh()))).toBe('ok')
  const next = await signingKey('k2')
  issuer.keys = [key.jwk, next.jwk]
  const tokens = await Promise.all([fresh(next), fresh(next), fresh(next), fresh(key)])
  const verdicts = await Promise.all(tokens.map((token) => knock(token, NOW_MS + 1000)))
  expect(verdicts.map(outcome)).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(issuer.count('/jwks')).toBe(2)
  issuer.keys = [next.jwk]
  expect(outcome(await knock(await fresh(key), NOW_MS + 11 * MINUTE_MS))).toBe('token_invalid')
  expect(outcome(await knock(await fresh(next), NOW_MS + 11 * MINUTE_MS))).toBe('ok')
})

test('threat 100: a flood of unknown `kid` fetches the keys once in 30 s', async () => {
  const { knock } = door([settings(issuer.issuer)])
  await knock(await fresh())
  for (let at = 0; at < 30; at++) {
    const stranger = { ...key, kid: `unknown-${at}` }
    expect(outcome(await knock(await fresh(stranger), NOW_MS + at * 999))).toBe('token_invalid')
  }
  expect(issuer.count('/jwks')).toBe(2)
  await knock(await fresh({ ...key, kid: 'later' }), NOW_MS + 30_000)
  expect(issuer.count('/jwks')).toBe(3)
  expect(outcome(await knock(await fresh(), NOW_MS + 30_000))).toBe('ok')
})

test('threat 99: keys are used while the issuer is down, for a day, then refused as unavailable', async () => {
  const { knock } = door([settings(issuer.issuer)])
  expect(outcome(await knock(await fresh()))).toBe('ok')
  issuer.broken = broken
  expect(outcome(await knock(await fresh(), NOW_MS + HOUR_MS))).toBe('ok')
  expect(outcome(await knock(await fresh(), NOW_MS + 24 * HOUR_MS - 1))).toBe('ok')
  expect(outcome(await knock(await fresh(), NOW_MS + 24 * HOUR_MS))).toBe('keys_unavailable')
  issuer.broken = undefined
  expect(outcome(await knock(await fresh(), NOW_MS + 24 * HOUR_MS + 5000))).toBe('ok')
})

test('threat 100: an issuer that is down is asked again after 5 s, not by every token', async () => {
  issuer.broken = broken
  const { knock } = door([settings(issuer.issuer)])
  for (let at = 0; at < 10; at++) {
    expect(outcome(await knock(await fresh(), NOW_MS + at * 400))).toBe('keys_unavailable')
  }
  expect(issuer.requests.length).toBe(2)
  issuer.broken = undefined
  expect(outcome(await knock(await fresh(), NOW_MS + 5000))).toBe('ok')
})

test('a broken issuer touches no other, and a refusal for want of keys is not kept', async () => {
  const other = await TestIssuer.start()
  other.keys = [key.jwk]
  other.broken = broken
  const { knock } = door([settings(issuer.issuer), settings(other.issuer)])
  const token = await sign(accessTokenClaims(other.issuer), key)
  expect(outcome(await knock(token))).toBe('keys_unavailable')
  expect(outcome(await knock(await fresh()))).toBe('ok')
  other.broken = undefined
  expect(outcome(await knock(token, NOW_MS + 5000))).toBe('ok')
  await other.stop()
})

test.each<[string, (test: TestIssuer) => void]>([
  ['101 keys', (at) => Object.assign(at, { keys: Array(101).fill({ kty: 'oct', k: 'AAAA' }) })],
  ['over 256 KiB', (at) => Object.assign(at, { keys: ['x'.repeat(300_000)] })],
  ['no array', (at) => Object.assign(at, { keys: { k1: key.jwk } })],
  ['no jwks_uri', (at) => Object.assign(at, { metadata: { issuer: at.issuer } })],
  ['a jwks_uri off loopback by http', (at) => Object.assign(at.metadata, { jwks_uri: 'http://192.0.2.1/jwks' })],
  ['a jwks_uri at cloud metadata', (at) => Object.assign(at.metadata, { jwks_uri: 'https://169.254.169.254/jwks' })],
  ['a jwks_uri on another private host', (at) => Object.assign(at.metadata, { jwks_uri: 'https://10.0.0.1/jwks' })],
  ['a redirect', (at) => Object.assign(at, { broken: redirect })],
  ['a member twice', (at) => Object.assign(at, { broken: twice })],
])('threat 100: a key set with %s is unavailable', async (_, break_) => {
  break_(issuer)
  expect(refusalOf(await door([settings(issuer.issuer)]).knock(await fresh())).reason).toBe('keys_unavailable')
})

const redirect: TestIssuer['broken'] = (_request, response) => response.writeHead(302, { location: '/jwks' }).end()
const twice: TestIssuer['broken'] = (_request, response) =>
  response.end(`{"issuer":"${issuer.issuer}","issuer":"${issuer.issuer}","jwks_uri":"${issuer.origin}/jwks"}`)

test('threat 5: a `kid` that several keys bear is refused as ambiguous', async () => {
  const twin = await signingKey('k1')
  issuer.keys = [key.jwk, twin.jwk]
  const { knock } = door([settings(issuer.issuer)])
  for (const by of [key, twin]) expect(refusalOf(await knock(await fresh(by))).detail).toContain('several')
})

test('keys for encryption, symmetric ones and unknown kinds are passed over', async () => {
  issuer.keys = [
    { ...key.jwk, use: 'enc' },
    { ...key.jwk, key_ops: ['encrypt'] },
    { kty: 'oct', kid: 'k1', k: 'AAAA' },
    { kty: 'AKP', kid: 'k1' },
    7,
    key.jwk,
  ]
  expect(outcome(await door([settings(issuer.issuer)]).knock(await fresh()))).toBe('ok')
})

test('a token without `kid` is accepted only where one key fits', async () => {
  const token = () => sign(accessTokenClaims(issuer.issuer), key, { kid: undefined as never })
  expect(outcome(await door([settings(issuer.issuer)]).knock(await token()))).toBe('ok')
  issuer.keys = [key.jwk, (await signingKey('k2')).jwk]
  expect(outcome(await door([settings(issuer.issuer)]).knock(await token()))).toBe('token_invalid')
})

test('a key that names its algorithm is used with no other', async () => {
  const rsa = await signingKey('r1', 'RS256')
  issuer.keys = [{ ...rsa.jwk, alg: 'PS256' }]
  const { knock } = door([settings(issuer.issuer, { algorithms: ['RS256', 'PS256'] })])
  expect(refusalOf(await knock(await fresh(rsa))).detail).toContain('`PS256`')
  expect(outcome(await knock(await fresh({ ...rsa, alg: 'PS256' })))).toBe('ok')
})

test.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA'] as const)(
  '%s works, where it is pinned',
  async (alg) => {
    const by = await signingKey('x', alg)
    issuer.keys = [by.jwk]
    expect(outcome(await door([settings(issuer.issuer, { algorithms: [alg] })]).knock(await fresh(by)))).toBe('ok')
    const pinned = alg === 'ES256' ? 'ES384' : 'ES256'
    const verdict = await door([settings(issuer.issuer, { algorithms: [pinned] })]).knock(await fresh(by))
    expect(refusalOf(verdict).detail).toContain('not accepted')
  },
)
