import { createHmac, sign as signBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { door, outcome, principalOf, refusalOf, settings } from '../support/door.ts'
import {
  AUDIENCE,
  accessTokenClaims,
  encode,
  NOW,
  type SigningKey,
  sign,
  signingKey,
  TestIssuer,
} from '../support/issuer.ts'

let issuer: TestIssuer
let key: SigningKey
let rsaKey: SigningKey
let knock: ReturnType<typeof door>['knock']

beforeAll(async () => {
  issuer = await TestIssuer.start()
  key = await signingKey('k1')
  rsaKey = await signingKey('r1', 'RS256')
  issuer.keys = [key.jwk, rsaKey.jwk]
  knock = door([settings(issuer.issuer, { algorithms: ['ES256', 'RS256'] })]).knock
})
afterAll(() => issuer.stop())

const claims = (overrides: Record<string, unknown> = {}) => accessTokenClaims(issuer.issuer, overrides)

/** Signs what jose would not: any header and claims, as text where the exact bytes matter. */
function forge(header: unknown, body: unknown): string {
  const input = `${encode(header)}.${encode(body)}`
  const signature = signBytes('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' }

test('a proper token names person, agent, scopes and audience', async () => {
  const token = await sign(claims({ groups: ['finance'] }), key)
  const principal = principalOf(await knock(token))
  expect(principal).toMatchObject({
    tenant: 'default',
    person: { issuer: issuer.issuer, subject: 'alice', groups: ['finance'] },
    agent: { issuer: issuer.issuer, clientId: 'agent-1' },
    actors: [],
    audience: AUDIENCE,
    expiresAt: NOW + 600,
    kind: 'jwt',
  })
  expect([...principal.scopes]).toEqual(['files:read', 'files:write'])
  expect(outcome(await knock(forge(header, claims({ jti: 'by hand' }))))).toBe('ok')
})

test.each(['none', 'None', 'NONE', 'nOnE', ''])('threat 1: alg %j is refused, signed or not', async (alg) => {
  const unsigned = `${encode({ ...header, alg })}.${encode(claims())}.`
  expect(outcome(await knock(unsigned))).toBe('token_invalid')
  expect(outcome(await knock(forge({ ...header, alg }, claims())))).toBe('token_invalid')
})

test('threat 2: HS256 over the public key is refused, in every form the key can be written', async () => {
  const pem = rsaKey.publicKey.export({ type: 'spki', format: 'pem' })
  const der = rsaKey.publicKey.export({ type: 'spki', format: 'der' })
  for (const secret of [pem, der, JSON.stringify(rsaKey.jwk), String(rsaKey.jwk['n'])]) {
    const input = `${encode({ alg: 'HS256', kid: 'r1', typ: 'at+jwt' })}.${encode(claims())}`
    const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    expect(refusalOf(await knock(token))).toMatchObject({
      reason: 'token_invalid',
      detail: expect.stringContaining('`HS256`'),
    })
  }
})

test('threat 2: an algorithm accepted from the issuer does not fit a key of another type', async () => {
  const token = await sign(claims(), key, { kid: 'r1' })
  expect(refusalOf(await knock(token)).detail).toContain('not one for ES256')
})

test('threat 3: ECDSA signatures of zeros, of another length, or in DER are refused', async () => {
  const input = `${encode(header)}.${encode(claims())}`
  const der = signBytes('sha256', Buffer.from(input), key.privateKey)
  for (const signature of [Buffer.alloc(64), Buffer.alloc(0), Buffer.alloc(63, 1), Buffer.alloc(65, 1), der]) {
    expect(outcome(await knock(`${input}.${signature.toString('base64url')}`))).toBe('token_invalid')
  }
})

test('threat 4: keys and addresses of keys in the header are refused, and nothing is fetched', async () => {
  const own = await signingKey('k1')
  const bait = `${issuer.origin}/bait`
  const before = issuer.requests.length
  for (const extra of [{ jwk: own.jwk }, { jku: bait }, { x5u: bait }, { x5c: ['AAAA'] }]) {
    const token = await sign(claims(), own, extra as object)
    expect(outcome(await knock(token))).toBe('token_invalid')
    expect(outcome(await knock(forge({ ...header, ...extra }, claims())))).toBe('token_invalid')
  }
  expect(issuer.count('/bait')).toBe(0)
  expect(issuer.requests.length).toBe(before)
})

test.each(['../../../dev/null', "' OR 1=1 --", '__proto__', 'constructor', 'K1', ''])(
  'threat 5: the kid %j finds no key',
  async (kid) => {
    expect(outcome(await knock(forge({ ...header, kid }, claims())))).toBe('token_invalid')
  },
)

test.each([7, null, ['k1'], { k1: 1 }, 'k'.repeat(600)])('threat 5: the kid %j is malformed', async (kid) => {
  expect(outcome(await knock(forge({ ...header, kid }, claims())))).toBe('token_invalid')
})

test('threat 5: a header with `kid` twice is refused', async () => {
  expect(outcome(await knock(forge('{"alg":"ES256","kid":"x","kid":"k1","typ":"at+jwt"}', claims())))).toBe(
    'token_malformed',
  )
})

test.each([{ crit: ['exp'] }, { crit: [] }, { crit: ['b64'], b64: false }, { b64: false }, { b64: true }])(
  'threat 6: the header %j is refused',
  async (extra) => {
    expect(outcome(await knock(forge({ ...header, ...extra }, claims())))).toBe('token_invalid')
  },
)

test('threat 7: base64url that is not canonical is refused, although the signature fits', async () => {
  const token = await sign(claims(), key)
  const [head, body, signature] = token.split('.') as [string, string, string]
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // 64 bytes leave four bits over: the last character can be written in sixteen ways
  const last = alphabet.indexOf(signature.at(-1) as string)
  const stray = `${signature.slice(0, -1)}${alphabet[last ^ 1]}`
  expect(Buffer.from(stray, 'base64url').equals(Buffer.from(signature, 'base64url'))).toBe(true)
  for (const other of [
    `${head}.${body}.${stray}`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.${signature}==`,
    `${head}.${body}.+${signature.slice(1)}`,
    `${head}..${signature}`,
    `.${body}.${signature}`,
  ]) {
    expect(outcome(await knock(other))).toBe('token_malformed')
  }
  expect(outcome(await knock(token))).toBe('ok')
})

test('threat 8: claims that stand twice are refused, nested and by escape too', async () => {
  const text = JSON.stringify(claims())
  for (const body of [
    text.replace('"sub":"alice"', '"sub":"alice","sub":"root"'),
    text.replace('"sub":"alice"', '"sub":"alice","\\u0073ub":"root"'),
    text.replace('"sub":"alice"', '"sub":"alice","act":{"sub":"a","sub":"b"}'),
  ]) {
    expect(refusalOf(await knock(forge(header, body)))).toMatchObject({
      reason: 'token_malformed',
      detail: expect.stringContaining('twice'),
    })
  }
})

test.each([undefined, null, NOW + 0.5, String(NOW + 600), '1e99', -1, 0, true, [NOW + 600], Number.MAX_SAFE_INTEGER])(
  'threat 9: exp %j is refused',
  async (exp) => {
    expect(outcome(await knock(await sign(claims({ exp }), key)))).toBe('token_invalid')
  },
)

test('threat 9: exp 1e99 is refused, and so are 1e400 and 2^53 + 1', async () => {
  for (const exp of ['1e99', '1e400', '9007199254740993']) {
    const body = JSON.stringify(claims()).replace(`"exp":${NOW + 600}`, `"exp":${exp}`)
    expect(body).toContain(`"exp":${exp}`)
    expect(outcome(await knock(forge(header, body)))).toBe('token_invalid')
  }
})

test('a token is expired from the second of `exp` on, without skew', async () => {
  const token = await sign(claims({ exp: NOW + 5 }), key)
  expect(outcome(await knock(token, (NOW + 5) * 1000))).toBe('token_expired')
  expect(outcome(await knock(token, (NOW + 5) * 1000 - 1))).toBe('ok')
  expect(outcome(await knock(token, (NOW + 5) * 1000))).toBe('token_expired')
})

test.each(['nbf', 'iat'])('threat 10: %s may be 30 s in the future and no more', async (name) => {
  expect(outcome(await knock(await sign(claims({ [name]: NOW + 30 }), key)))).toBe('ok')
  expect(outcome(await knock(await sign(claims({ [name]: NOW + 31 }), key)))).toBe('token_invalid')
  expect(outcome(await knock(await sign(claims({ [name]: `${NOW}` }), key)))).toBe('token_invalid')
  expect(outcome(await knock(await sign(claims({ [name]: NOW - 0.5 }), key)))).toBe('token_invalid')
})

test.each(['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'sallyport-call+jwt', 'secevent+jwt', 'at', '', 'at+jwt '])(
  'threat 11: typ %j is refused',
  async (typ) => {
    expect(outcome(await knock(await sign(claims(), key, { typ })))).toBe('token_invalid')
  },
)

test('threat 11: typ may be written as a full media type, in any case', async () => {
  expect(outcome(await knock(await sign(claims(), key, { typ: 'application/AT+JWT' })))).toBe('ok')
  expect(outcome(await knock(forge({ alg: 'ES256', kid: 'k1' }, claims())))).toBe('token_invalid')
})

test.each(['nonce', 'at_hash', 'c_hash', 's_hash', 'events'])('threat 11: a token with %s is none', async (name) => {
  expect(outcome(await knock(await sign(claims({ [name]: 'x' }), key)))).toBe('token_invalid')
})

test('a token bound to a key is not accepted as Bearer', async () => {
  const token = await sign(claims({ cnf: { jkt: 'x' } }), key)
  expect(refusalOf(await knock(token)).detail).toContain('cnf')
})

test('threat 14: a JWE, a nested token and compression are refused', async () => {
  const jwe = `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`
  expect(refusalOf(await knock(jwe))).toMatchObject({
    reason: 'token_malformed',
    detail: expect.stringContaining('JWE'),
  })
  for (const extra of [{ cty: 'JWT' }, { zip: 'DEF' }, { enc: 'A256GCM' }]) {
    expect(outcome(await knock(forge({ ...header, ...extra }, claims())))).toBe('token_invalid')
  }
  const nested = await sign(claims(), key)
  expect(outcome(await knock(forge(header, `"${nested}"`)))).toBe('token_malformed')
})

test.each([
  ['sub', undefined],
  ['sub', ''],
  ['sub', 7],
  ['sub', 's'.repeat(600)],
  ['sub', 'alice\n{"kind":"outcome"}'],
  ['sub', 'alice\ud800'],
  ['client_id', 'agent\u0000'],
  ['client_id', undefined],
  ['client_id', ['agent-1']],
  ['scope', ['files:read']],
  ['scope', 7],
  ['scope', 'files:read  files:write'],
  ['scope', 'files:"read"'],
  ['groups', 'finance'],
  ['groups', [['finance']]],
  ['iss', undefined],
  ['iss', 7],
])('a token whose %s is %j is refused', async (name, value) => {
  expect(outcome(await knock(await sign(claims({ [name]: value }), key)))).toBe('token_invalid')
})

test('details never hold the token, and what others chose is escaped and bounded', async () => {
  const token = await sign(claims({ aud: `evil\n\u202e\`${'x'.repeat(2000)}` }), key)
  const refusal = refusalOf(await knock(token))
  expect(refusal.reason).toBe('token_audience')
  expect(refusal.detail).toMatch(/^[\x20-\x7e]{1,600}$/)
  for (const part of token.split('.')) expect(refusal.detail).not.toContain(part.slice(0, 24))
})

test('a token of no configured issuer, or of no form at all, is refused', async () => {
  expect(outcome(await knock(await sign(accessTokenClaims('https://elsewhere.example'), key)))).toBe('token_invalid')
  expect(outcome(await knock('opaque'))).toBe('token_malformed')
  expect(outcome(await knock('a.b'))).toBe('token_malformed')
  expect(outcome(await knock('a.b.c.d'))).toBe('token_malformed')
  expect(outcome(await knock('a.b.c'))).toBe('token_malformed')
})
