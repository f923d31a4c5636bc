import { afterEach, beforeEach, expect, test } from 'vitest'
import { door, outcome, principalOf, refusalOf, settings, tokenOf } from '../support/door.ts'
import { AUDIENCE, accessTokenClaims, NOW, NOW_MS, sign, signingKey, TestIssuer } from '../support/issuer.ts'

let issuer: TestIssuer
let answer: Record<string, unknown>

beforeEach(async () => {
  issuer = await TestIssuer.start()
  answer = { active: true, client_id: 'agent-1', sub: 'alice', aud: AUDIENCE, exp: NOW + 600, scope: 'a b' }
  issuer.introspection = () => answer
})
afterEach(() => issuer.stop())

const introspected = () =>
  settings(issuer.issuer, {
    profile: 'introspection',
    algorithms: [],
    client: { id: 'sally port', secret: () => 'p:ss wörd+' },
  })

test('the token goes to the endpoint of its issuer alone, with client_secret_basic, and is announced', async () => {
  const { knock, transits } = door([introspected()])
  expect(principalOf(await knock('opaque-1'))).toMatchObject({
    person: { issuer: issuer.issuer, subject: 'alice', groups: [] },
    agent: { issuer: issuer.issuer, clientId: 'agent-1' },
    kind: 'introspected',
    expiresAt: NOW + 600,
  })
  expect(issuer.requests.at(-1)).toBe('POST /introspect')
  const [{ body, authorization }] = issuer.introspected as [{ body: string; authorization: string }]
  expect(body).toBe('token=opaque-1&token_type_hint=access_token')
  const basic = Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
  expect(basic).toBe('sally+port:p%3Ass+w%C3%B6rd%2B')
  const { sha256 } = tokenOf('opaque-1')
  expect(transits).toEqual([{ issuer: issuer.issuer, endpoint: `${issuer.origin}/introspect`, tokenSha256: sha256 }])
})

test.each<[string, Record<string, unknown>, string]>([
  ['not active', { active: false }, 'token_invalid'],
  ['active as text', { active: 'true' }, 'token_invalid'],
  ['without audience', { aud: undefined }, 'token_audience'],
  ['for another audience', { aud: 'https://else.example' }, 'token_audience'],
  ['for two audiences', { aud: [AUDIENCE, 'https://else.example'] }, 'token_audience'],
  ['without expiry', { exp: undefined }, 'token_invalid'],
  ['expired', { exp: NOW }, 'token_expired'],
  ['without client', { client_id: undefined }, 'token_invalid'],
  ['of another issuer', { iss: 'https://else.example' }, 'token_invalid'],
  ['of another type', { token_type: 'DPoP' }, 'token_invalid'],
  ['bound to a key', { cnf: { jkt: 'x' } }, 'token_invalid'],
  ['with actors in a loop', { act: { sub: 'alice' } }, 'token_invalid'],
])('an answer %s is refused', async (_, changes, reason) => {
  answer = { ...answer, ...changes }
  expect(outcome(await door([introspected()]).knock('opaque-1'))).toBe(reason)
})

test('an agent without a person has no subject, or itself', async () => {
  const { knock } = door([introspected()])
  answer = { ...answer, sub: undefined }
  expect(principalOf(await knock('opaque-1')).person).toBeUndefined()
  answer = { ...answer, sub: 'agent-1', token_type: 'bearer', iss: issuer.issuer }
  expect(principalOf(await knock('opaque-2')).person).toBeUndefined()
})

test('threat 12: an answer is used for 2 s', async () => {
  const { knock } = door([introspected()])
  expect(outcome(await knock('opaque-1'))).toBe('ok')
  answer = { active: false }
  expect(outcome(await knock('opaque-1', NOW_MS + 1999))).toBe('ok')
  expect(outcome(await knock('opaque-1', NOW_MS + 2000))).toBe('token_invalid')
})

test('where the transit cannot be recorded, the token does not leave', async () => {
  const { knock } = door([introspected()], {
    onTransit: () => {
      throw new Error('the log is gone')
    },
  })
  await expect(async () => knock('opaque-1')).rejects.toThrow('the log is gone')
  expect(issuer.introspected).toEqual([])
})

test("a JWT goes to no introspection endpoint but its own issuer's", async () => {
  const key = await signingKey('k1')
  const { knock } = door([introspected()])
  const foreign = await sign(accessTokenClaims('https://else.example'), key)
  expect(outcome(await knock(foreign))).toBe('token_invalid')
  expect(outcome(await knock('a.b.c'))).toBe('token_malformed')
  expect(outcome(await knock('a.b.c.d.e'))).toBe('token_malformed')
  expect(issuer.introspected).toEqual([])
  expect(outcome(await knock(await sign(accessTokenClaims(issuer.issuer), key)))).toBe('ok')
  expect(issuer.introspected.length).toBe(1)
})

test('an endpoint that fails, redirects or is not there is unavailable, and the token goes nowhere else', async () => {
  const { knock } = door([introspected()])
  await knock('warm')
  for (const status of [500, 401, 302, 307]) {
    issuer.broken = (_request, response) => response.writeHead(status, { location: '/elsewhere' }).end('{}')
    expect(outcome(await knock(`opaque-${status}`))).toBe('keys_unavailable')
  }
  expect(issuer.count('/elsewhere')).toBe(0)
  issuer.broken = undefined
  issuer.metadata = { issuer: issuer.issuer }
  expect(refusalOf(await door([introspected()]).knock('opaque-1')).detail).toContain('introspection_endpoint')
})

test.each(['https://169.254.169.254/i', 'https://10.1.2.3/i', 'http://192.0.2.1/i', 'https://user:pw@example.com/i'])(
  'an endpoint at %s is not used',
  async (endpoint) => {
    issuer.metadata = { ...issuer.metadata, introspection_endpoint: endpoint }
    expect(outcome(await door([introspected()]).knock('opaque-1'))).toBe('keys_unavailable')
  },
)

const count = (outcomes: readonly string[], wanted: string) => outcomes.filter((each) => each === wanted).length

test('so many introspections of unknown tokens at once, and room for the good ones beside them', async () => {
  const { knock } = door([introspected()])
  const good = Array.from({ length: 20 }, (_, at) => `good-${at}`)
  for (const token of good) expect(outcome(await knock(token))).toBe('ok')
  const later = NOW_MS + 2000
  const flood = Array.from({ length: 70 }, (_, at) => knock(`opaque-${at}`, later))
  const refreshed = good.map((token) => knock(token, later))
  const unknown = (await Promise.all(flood)).map(outcome)
  expect([count(unknown, 'ok'), count(unknown, 'keys_unavailable')]).toEqual([48, 22])
  const known = (await Promise.all(refreshed)).map(outcome)
  expect([count(known, 'ok'), count(known, 'keys_unavailable')]).toEqual([16, 4])
  expect(outcome(await knock('opaque-69', later))).toBe('ok')
})

test('a token that is good no more has no room kept for it', async () => {
  const { knock } = door([introspected()])
  expect(outcome(await knock('once'))).toBe('ok')
  answer = { ...answer, active: false }
  expect(outcome(await knock('once', NOW_MS + 2000))).toBe('token_invalid')
  const later = NOW_MS + 4000
  const flood = Array.from({ length: 48 }, (_, at) => knock(`opaque-${at}`, later))
  expect(outcome(await knock('once', later))).toBe('keys_unavailable')
  await Promise.all(flood)
})
