/** Threat groups A and B at a running gateway: what is no token for this endpoint opens nothing, and sends nothing. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CapturingUpstream } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { type Claims, encoded, Issuer } from '../harness/issuer.ts'
import { type RawAnswer, sendModern } from '../harness/raw.ts'

const audience = 'api://vendor'
let upstream: CapturingUpstream
let issuer: Issuer
let second: Issuer
let trap: Server
let trapUrl: string
let trapped = 0
let gateway: RunningGateway

beforeAll(async () => {
  ;[upstream, issuer, second] = await Promise.all([CapturingUpstream.start(), Issuer.start(), Issuer.start()])
  trap = createServer((_, response) => {
    trapped += 1
    response.end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`
  gateway = await startGateway({
    upstreams: [{ name: 'vendor', url: upstream.url }],
    issuers: [issuer, second].map(({ url }) => ({
      issuer: url,
      algorithms: ['ES256'],
      endpoints: { vendor: { audience } },
    })),
  })
  expect((await call(good())).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([upstream?.stop(), issuer?.stop(), second?.stop()])
  trap?.close()
})

beforeEach(() => {
  upstream.requests = 0
  trapped = 0
})

const scope = 'vendor:read vendor:write mcp:list'

function good(claims: Claims = {}, header: Claims = {}): string {
  return issuer.token({ aud: audience, scope, ...claims }, header)
}

/** Signed over exactly these texts. */
function signed(header: string, claims: string): string {
  const input = `${encoded(header)}.${encoded(claims)}`
  return `${input}.${issuer.signature(input)}`
}

const headerText = () => JSON.stringify(issuer.header())
const claimsText = (more: Claims = {}) => JSON.stringify(issuer.claims({ aud: audience, scope, ...more }))
const nowSeconds = () => Math.floor(Date.now() / 1000)

function call(token: string): Promise<RawAnswer> {
  const params = { name: 'echo', arguments: { message: 'hello' } }
  return sendModern({ url: gateway.endpoint('vendor'), token, name: 'echo', params })
}

/** The last character of a part, with another of the bits that no byte holds. */
function withStrayBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = token.at(-1) ?? ''
  return `${token.slice(0, -1)}${alphabet[alphabet.indexOf(last) ^ 1]}`
}

describe('a forged token is 401, and nothing is sent', () => {
  test.each<[string, () => string]>([
    ...['none', 'None', 'nOnE', 'NONE'].map((alg): [string, () => string] => [
      `threat 1: alg ${alg}`,
      () => `${encoded(issuer.header({ alg }))}.${encoded(claimsText())}.`,
    ]),
    [
      'threat 2: HS256 with the public key as its secret',
      () => {
        const input = `${encoded(issuer.header({ alg: 'HS256' }))}.${encoded(claimsText())}`
        return `${input}.${issuer.confusedSignature(input)}`
      },
    ],
    [
      'threat 3: an ES256 signature of zeros',
      () => `${encoded(headerText())}.${encoded(claimsText())}.${Buffer.alloc(64).toString('base64url')}`,
    ],
    ...['../../etc/passwd', "one' OR '1'='1", '__proto__', 'constructor'].map((kid): [string, () => string] => [
      `threat 5: kid ${kid}`,
      () => good({}, { kid }),
    ]),
    ['threat 6: an unknown crit', () => good({}, { crit: ['exp'], exp: 1 })],
    ['threat 6: b64 false', () => good({}, { crit: ['b64'], b64: false })],
    ['threat 7: stray bits at the end of the signature', () => withStrayBits(good())],
    ['threat 7: padding', () => `${good()}==`],
    [
      'threat 8: a claim that stands twice',
      () => signed(headerText(), claimsText().replace('{', '{"aud":"api://other",')),
    ],
    [
      'threat 8: a header parameter that stands twice',
      () => signed(headerText().replace('{', '{"kid":"two",'), claimsText()),
    ],
    ['threat 9: no exp', () => good({ exp: undefined })],
    ['threat 9: exp as a float', () => good({ exp: nowSeconds() + 300.5 })],
    ['threat 9: exp as a string', () => good({ exp: String(nowSeconds() + 300) })],
    ['threat 9: exp as 1e99', () => signed(headerText(), claimsText({ exp: 7 }).replace('"exp":7', '"exp":1e99'))],
    ['threat 10: nbf in the future', () => good({ nbf: nowSeconds() + 60 })],
    ['threat 10: iat in the future', () => good({ iat: nowSeconds() + 60 })],
    ['threat 11: a typ that is no access token', () => good({}, { typ: 'logout+jwt' })],
    ['threat 14: an encrypted token', () => `${encoded({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`],
    ['threat 14: a nested one', () => good({}, { cty: 'JWT' })],
    ['threat 14: a compressed one', () => good({}, { zip: 'DEF' })],
    ['threat 15: no audience', () => good({ aud: undefined })],
    ['threat 15: the canonical URI, where this issuer has another', () => good({ aud: gateway.endpoint('vendor') })],
    ['threat 17: the issuer in another case', () => good({ iss: issuer.url.replace('http', 'HTTP') })],
    ['threat 17: another port', () => good({ iss: 'http://127.0.0.1:1' })],
    [
      'threat 18: signed by another issuer with a key of the same kid',
      () => second.token({ aud: audience, scope, iss: issuer.url }),
    ],
    ['threat 19: act comes back to the subject', () => good({ act: { sub: 'b', act: { sub: 'alice' } } })],
    [
      'threat 19: act five deep',
      () => good({ act: { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', act: { sub: 'e' } } } } } }),
    ],
  ])('%s', async (_, make) => {
    const answer = await call(make())
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(upstream.requests).toBe(0)
  })

  test('threat 4: a key that the token brings or names is not used, and nothing is fetched', async () => {
    const jwk = issuer.publicKey.export({ format: 'jwk' })
    for (const header of [{ jwk }, { jku: trapUrl }, { x5u: trapUrl }, { x5c: ['AAAA'] }]) {
      expect((await call(good({}, header))).status).toBe(401)
    }
    expect(trapped).toBe(0)
    expect(upstream.requests).toBe(0)
  })

  test('threat 10: thirty seconds of skew are borne', async () => {
    expect((await call(good({ nbf: nowSeconds() + 20, iat: nowSeconds() + 20 }))).status).toBe(200)
  })
})

describe('scopes are compared exactly', () => {
  test.each(['VENDOR:READ', 'vendor:rea', 'vendor:*', 'vendor:readwrite', '*', 'vendor'])(
    'threat 20: %s opens nothing',
    async (asked) => {
      expect((await call(good({ scope: asked }))).status).toBe(403)
      expect(upstream.requests).toBe(0)
    },
  )
})

describe('key sets', () => {
  test('threat 100: a flood of unknown kids fetches the keys once', async () => {
    await call(good({}, { kid: 'first' }))
    const before = issuer.requests.length
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => call(good({}, { kid: `k${index}` }))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(issuer.requests.length - before).toBe(0)
  })

  test('threat 99: while the issuer is out of reach, its cached keys serve; another one without keys is 503', async () => {
    issuer.misbehave = second.misbehave = (_, response) => {
      response.writeHead(500).end()
      return true
    }
    expect((await call(good({ jti: 'while it is down' }))).status).toBe(200)
    const answer = await call(second.token({ aud: audience, scope }))
    expect(answer.status).toBe(503)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    issuer.misbehave = second.misbehave = () => false
  })

  test('a good token passes after all of this', async () => {
    expect((await call(good())).status).toBe(200)
  })
})
