import { createHash } from 'node:crypto'
import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { rawToken } from '../src/inbound-token.ts'
import * as guard from '../src/index.ts'
import { InboundToken, type Verifier } from '../src/index.ts'
import { resource, tokenOf } from './support/door.ts'

const VALUE = 'canary-c2VjcmV0LXNlY3JldC1zZWNyZXQ.abc_def~ghi+jkl/mno=='

test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('the scheme %s is taken, and the token by its hash', (scheme) => {
  const token = InboundToken.fromAuthorization(`${scheme} ${VALUE}`)
  if ('refused' in token) throw new Error(token.detail)
  expect(token.sha256).toBe(createHash('sha256').update(VALUE).digest('hex'))
  expect(rawToken(token)).toBe(VALUE)
})

test.each([
  ['', 'token_missing'],
  ['Bearer', 'token_missing'],
  ['Bearer ', 'token_missing'],
  [VALUE, 'token_missing'],
  [`Basic ${VALUE}`, 'token_missing'],
  [`DPoP ${VALUE}`, 'token_missing'],
  [` Bearer ${VALUE}`, 'token_missing'],
  [`Bearer\t${VALUE}`, 'token_missing'],
  [`Bearer  ${VALUE}`, 'token_malformed'],
  [`Bearer ${VALUE} `, 'token_malformed'],
  [`Bearer ${VALUE}, Bearer x`, 'token_malformed'],
  [`Bearer ${VALUE}\n`, 'token_malformed'],
  ['Bearer =', 'token_malformed'],
  ['Bearer a=b', 'token_malformed'],
  ['Bearer "a"', 'token_malformed'],
  ['Bearer a\u0000', 'token_malformed'],
  ['Bearer \u212a', 'token_malformed'],
  [`Bearer ${'a'.repeat(8193)}`, 'token_malformed'],
])('%j is refused as %s, without a word of it in the detail', (value, reason) => {
  const refusal = InboundToken.fromAuthorization(value)
  expect(refusal).toMatchObject({ refused: true, reason })
  expect(JSON.stringify(refusal)).not.toContain(VALUE.slice(0, 12))
})

test('8 KiB is not too long', () => {
  expect('refused' in InboundToken.fromAuthorization(`Bearer ${'a'.repeat(8192)}`)).toBe(false)
})

test('threat 33: however it is shown, the token and its seal show nothing', () => {
  const token = tokenOf(VALUE)
  const seal = token.seal()
  seal.matches(Buffer.from(VALUE))
  const depth = { depth: Number.POSITIVE_INFINITY, showHidden: true }
  for (const holder of [token, seal, { token, seal }, [token], new Error('x', { cause: token })]) {
    for (const text of [
      `${holder}`,
      JSON.stringify(holder),
      inspect(holder, depth),
      format('%o %O %j %s', ...Array(4).fill(holder)),
    ]) {
      expect(text).not.toContain(VALUE.slice(0, 12))
    }
  }
  expect(`${token} ${JSON.stringify(token)} ${inspect(token)}`).toBe('[access token] "[access token]" [access token]')
  expect(JSON.stringify(structuredClone({ ...token }))).not.toContain(VALUE.slice(0, 12))
  expect(Object.values(token)).toEqual([token.sha256])
})

test('the raw value is no export of the package', () => {
  expect(Object.keys(guard)).not.toContain('rawToken')
  for (const [name, value] of Object.entries(guard)) {
    if (typeof value === 'function') expect(`${name} ${value.name}`).not.toMatch(/raw/i)
  }
})

test('nothing but an InboundToken is one', () => {
  const token = tokenOf(VALUE)
  const lookAlike = { sha256: token.sha256, seal: () => token.seal() }
  expect(() => rawToken(lookAlike as never)).toThrow(TypeError)
  expect(() => rawToken(Object.create(InboundToken.prototype) as InboundToken)).toThrow(TypeError)
  // for the compiler alone: it holds that a string and a look-alike are no tokens
  const compiles = (verifier: Verifier) => [
    // @ts-expect-error a string is no token
    verifier.verify(VALUE, resource, 0),
    // @ts-expect-error a look-alike is no token
    verifier.verify(lookAlike, resource, 0),
    // @ts-expect-error only fromAuthorization makes one
    new InboundToken(VALUE),
  ]
  expect(compiles).toBeTypeOf('function')
})

test('the seal is one for a token, frozen, and finds 24 bytes of it but not 23', () => {
  const token = tokenOf(VALUE)
  expect(token.seal()).toBe(token.seal())
  expect(Object.isFrozen(token.seal())).toBe(true)
  expect(Object.keys(token.seal())).toEqual(['matches'])
  expect(token.seal().matches(Buffer.from(`{"a":"${VALUE.slice(5, 29)}"}`))).toBe(true)
  expect(token.seal().matches(Buffer.from(`{"a":"${VALUE.slice(5, 28)}"}`))).toBe(false)
})
