import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OpaqueClaims } from '../../src/index.ts'
import { createVerdictCache } from '../../src/verify/verdict-cache.ts'
import { door, outcome, settings } from '../support/door.ts'
import {
  AUDIENCE,
  accessTokenClaims,
  NOW,
  NOW_MS,
  type SigningKey,
  sign,
  signingKey,
  TestIssuer,
} from '../support/issuer.ts'

let issuer: TestIssuer
let key: SigningKey

beforeAll(async () => {
  issuer = await TestIssuer.start()
  key = await signingKey('k1')
  issuer.keys = [key.jwk]
})
afterAll(() => issuer.stop())

const claims: OpaqueClaims = {
  issuer: 'https://mcp.example.com',
  clientId: 'c',
  subject: undefined,
  groups: [],
  scopes: [],
  audience: AUDIENCE,
  expiresAt: NOW + 600,
}

test('a known verdict comes at once, with the same principal and seal', async () => {
  const { knock } = door([settings(issuer.issuer)])
  const token = await sign(accessTokenClaims(issuer.issuer), key)
  const first = knock(token)
  expect(first).toBeInstanceOf(Promise)
  const verdict = await first
  expect(knock(token, NOW_MS + 1)).toBe(verdict)
  expect(Object.isFrozen(verdict)).toBe(true)
  expect('principal' in verdict && Object.isFrozen(verdict.principal)).toBe(true)
})

test('a JWT is verified anew after 300 s', async () => {
  const { knock } = door([settings(issuer.issuer)])
  const token = await sign(accessTokenClaims(issuer.issuer), key)
  const verdict = await knock(token)
  expect(knock(token, NOW_MS + 299_999)).toBe(verdict)
  expect(knock(token, NOW_MS + 300_000)).toBeInstanceOf(Promise)
})

test('one flight for a token, whoever presents it', async () => {
  let asked = 0
  let answer: (claims: OpaqueClaims) => void = () => {}
  const opaque = {
    find: () => {
      asked += 1
      return new Promise<OpaqueClaims>((resolve) => {
        answer = resolve
      })
    },
  }
  const { knock } = door([], { opaque })
  const flights = Array.from({ length: 10 }, () => knock('good'))
  answer(claims)
  const verdicts = await Promise.all(flights)
  expect(asked).toBe(1)
  expect(new Set(verdicts).size).toBe(1)
  expect(outcome(verdicts[0] as Awaited<(typeof verdicts)[number]>)).toBe('ok')
})

test('a flood of bad tokens evicts no good verdict, and a refusal is remembered for 2 s', async () => {
  const asked: string[] = []
  let good = ''
  const opaque = {
    find: (sha256: string) => {
      asked.push(sha256)
      good ||= sha256
      return sha256 === good ? claims : undefined
    },
  }
  const { knock } = door([], { opaque })
  const verdict = await knock('good')
  for (let at = 0; at < 6000; at++) expect(outcome(await knock(`bad-${at}`))).toBe('token_invalid')
  expect(knock('good')).toBe(verdict)
  const before = asked.length
  expect(outcome(await knock('bad-5999', NOW_MS + 1999))).toBe('token_invalid')
  expect(asked.length).toBe(before)
  await knock('bad-5999', NOW_MS + 2000)
  expect(asked.length).toBe(before + 1)
})

test('the cache is bounded, the oldest out first', () => {
  const cache = createVerdictCache<number>(3)
  for (let at = 0; at < 3; at++) cache.set(`${at}`, at, 0, 100)
  cache.set('0', 0, 0, 100)
  cache.set('3', 3, 0, 100)
  expect(['0', '1', '2', '3'].map((entry) => cache.get(entry, 50))).toEqual([0, undefined, 2, 3])
  expect(cache.get('0', 100)).toBeUndefined()
  cache.set('4', 4, 100, 100)
  expect(cache.get('4', 100)).toBeUndefined()
  expect(cache.get('2', 99)).toBe(2)
})
