import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Resource } from '../../src/index.ts'
import { door, outcome, principalOf, refusalOf, resource, settings } from '../support/door.ts'
import {
  AUDIENCE,
  accessTokenClaims,
  NOW_MS,
  type SigningKey,
  sign,
  signingKey,
  TestIssuer,
} from '../support/issuer.ts'

let issuer: TestIssuer
let other: TestIssuer
let key: SigningKey
let otherKey: SigningKey
let knock: ReturnType<typeof door>['knock']

beforeAll(async () => {
  issuer = await TestIssuer.start('/tenant')
  other = await TestIssuer.start()
  // the same `kid` at both
  key = await signingKey('k1')
  otherKey = await signingKey('k1')
  issuer.keys = [key.jwk]
  other.keys = [otherKey.jwk]
  knock = door([settings(issuer.issuer), settings(other.issuer, { profile: 'keycloak' })]).knock
})
afterAll(() => Promise.all([issuer.stop(), other.stop()]))

const claims = (overrides: Record<string, unknown> = {}) => accessTokenClaims(issuer.issuer, overrides)
const knockWith = async (overrides: Record<string, unknown>) => knock(await sign(claims(overrides), key))

test("threat 15: another upstream's audience is refused, and so is that of all", async () => {
  for (const aud of ['https://mcp.example.com/mcp/mail', 'https://mcp.example.com/mcp', 'https://mcp.example.com']) {
    expect(outcome(await knockWith({ aud }))).toBe('token_audience')
  }
  const mail: Resource = { audience: 'https://mcp.example.com/mcp/mail', accepted: new Map() }
  const token = await sign(claims(), key)
  expect(outcome(await knock(token))).toBe('ok')
  expect(outcome(await knock(token, NOW_MS, mail))).toBe('token_audience')
})

test.each([undefined, null, '', 7, true, {}, [], [[AUDIENCE]], { aud: AUDIENCE }])(
  'an audience of %j is refused',
  async (aud) => {
    expect(outcome(await knockWith({ aud }))).toBe('token_audience')
  },
)

test('threat 16: ours and a foreign audience are refused, ours alone in an array is not', async () => {
  expect(outcome(await knockWith({ aud: [AUDIENCE] }))).toBe('ok')
  for (const aud of [
    [AUDIENCE, 'https://evil.example'],
    ['https://evil.example', AUDIENCE],
    [AUDIENCE, 'account'],
    [AUDIENCE, AUDIENCE],
    [AUDIENCE, null],
    Array(20).fill(AUDIENCE),
  ]) {
    expect(outcome(await knockWith({ aud }))).toBe('token_audience')
  }
})

test('threat 16: the profile names the other: `account` beside ours at Keycloak', async () => {
  const token = (aud: unknown) =>
    sign(accessTokenClaims(other.issuer, { aud, typ: 'Bearer', azp: 'agent-1' }), otherKey, { typ: 'JWT' })
  expect(outcome(await knock(await token([AUDIENCE, 'account'])))).toBe('ok')
  expect(outcome(await knock(await token(['account', AUDIENCE])))).toBe('ok')
  expect(outcome(await knock(await token(['account'])))).toBe('token_audience')
  expect(outcome(await knock(await token('account')))).toBe('token_audience')
  expect(outcome(await knock(await token([AUDIENCE, 'account', 'x'])))).toBe('token_audience')
})

test('threat 17: variants of an issuer are other issuers', async () => {
  const { issuer: iss } = issuer
  for (const variant of [
    `${iss}/`,
    iss.toUpperCase(),
    iss.replace('http:', 'HTTP:'),
    iss.replace('127.0.0.1', 'localhost'),
    iss.replace('/tenant', '/Tenant'),
    iss.replace('/tenant', '//tenant'),
    `${iss}?`,
    `${iss}#`,
    ` ${iss}`,
    [iss],
  ]) {
    expect(outcome(await knockWith({ iss: variant }))).toBe('token_invalid')
  }
})

test('threat 17: metadata that names a variant of the issuer is not used', async () => {
  const moved = await TestIssuer.start('/tenant')
  moved.keys = [key.jwk]
  for (const named of [`${moved.issuer}/`, moved.issuer.replace('127.0.0.1', 'localhost'), undefined, 7]) {
    moved.metadata = { ...moved.metadata, issuer: named }
    const token = await sign(accessTokenClaims(moved.issuer), key)
    const refusal = refusalOf(await door([settings(moved.issuer)]).knock(token))
    expect(refusal).toMatchObject({ reason: 'keys_unavailable', detail: expect.stringContaining('names the issuer') })
  }
  await moved.stop()
})

test("threat 18: the same `kid` at two issuers: only that issuer's key counts", async () => {
  expect(outcome(await knock(await sign(claims(), key)))).toBe('ok')
  expect(outcome(await knock(await sign(claims(), otherKey)))).toBe('token_invalid')
  const fromOther = accessTokenClaims(other.issuer, { typ: 'Bearer', azp: 'agent-1' })
  expect(outcome(await knock(await sign(fromOther, otherKey)))).toBe('ok')
  expect(outcome(await knock(await sign(fromOther, key)))).toBe('token_invalid')
})

const chain = (...subjects: string[]): unknown =>
  subjects.reduceRight<unknown>((inner, sub) => ({ sub, ...(inner === undefined ? {} : { act: inner }) }), undefined)

test('the chain of actors is read outermost first', async () => {
  const act = { sub: 'planner', act: { sub: 'router', iss: 'https://else.example' } }
  expect(principalOf(await knockWith({ act })).actors).toEqual([
    { issuer: issuer.issuer, subject: 'planner' },
    { issuer: 'https://else.example', subject: 'router' },
  ])
})

test('threat 19: actors nested deeper than 4 or in a loop are refused', async () => {
  expect(outcome(await knockWith({ act: chain('a', 'b', 'c', 'd') }))).toBe('ok')
  expect(outcome(await knockWith({ act: chain('a', 'b', 'c', 'd', 'e') }))).toBe('token_invalid')
  expect(outcome(await knockWith({ act: chain('a', 'b', 'a') }))).toBe('token_invalid')
  expect(outcome(await knockWith({ act: chain('alice') }))).toBe('token_invalid')
  // as deep as the token's size allows: refused for its depth, not followed
  const deep = chain(...Array.from({ length: 200 }, (_, at) => `${at}`))
  expect(outcome(await knockWith({ act: deep }))).toBe('token_malformed')
  for (const act of ['a', null, [], {}, { sub: 7 }, { sub: 'a', iss: 7 }, { sub: 'a', act: null }]) {
    expect(outcome(await knockWith({ act }))).toBe('token_invalid')
  }
})

test('threat 20: scopes are compared whole and by case, and none stands for others', async () => {
  const { scopes } = principalOf(await knockWith({ scope: 'Files:read files:readonly * files:* admin' }))
  for (const scope of ['files:read', 'files', 'files:write', 'read', '']) expect(scopes.has(scope)).toBe(false)
  expect(principalOf(await knockWith({ scope: undefined })).scopes.size).toBe(0)
  expect(principalOf(await knockWith({ scope: '' })).scopes.size).toBe(0)
})

test('threat 22: a resource path with another slash, case or encoding is another resource', async () => {
  for (const aud of [
    `${AUDIENCE}/`,
    AUDIENCE.replace('/files', '//files'),
    AUDIENCE.replace('/files', '/Files'),
    AUDIENCE.replace('/files', '/%66iles'),
    AUDIENCE.replace('/files', '/x/../files'),
    AUDIENCE.replace('https:', 'HTTPS:'),
    AUDIENCE.replace('.com', '.com:443'),
    `${AUDIENCE}?`,
    `${AUDIENCE}#`,
  ]) {
    expect(outcome(await knockWith({ aud }))).toBe('token_audience')
  }
})

test('an issuer may have an audience of its own for an endpoint, in place of the canonical URI', async () => {
  const at: Resource = { audience: AUDIENCE, accepted: new Map([[issuer.issuer, 'api://files']]) }
  const token = await sign(claims({ aud: 'api://files' }), key)
  expect(principalOf(await knock(token, NOW_MS, at)).audience).toBe(AUDIENCE)
  expect(outcome(await knock(await sign(claims(), key), NOW_MS, at))).toBe('token_audience')
  // the verdict that is cached by now holds for that setting alone
  expect(outcome(await knock(token, NOW_MS, resource))).toBe('token_audience')
})

test('without an audience to expect, nothing is verified', async () => {
  const token = await sign(claims(), key)
  const nowhere: Resource = { audience: '', accepted: new Map() }
  await expect(async () => knock(token, NOW_MS, nowhere)).rejects.toThrow('no audience')
})
