import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/mcp/call.ts'
import { canonicalJson } from '../../src/mcp/canonical-json.ts'

test('is what another implementation of RFC 8785 writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      fc.pre(JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value)))
      expect(canonicalJson(value as JsonValue)).toBe(canonicalize(value))
    }),
    { numRuns: 300 },
  )
})

test('reads back as the value it was made of', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as JsonValue)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
    { numRuns: 200 },
  )
})

test.each<[string, JsonValue, string]>([
  [
    'members by UTF-16 code units (RFC 8785 section 3.2.3)',
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  ],
  [
    'numbers as ECMAScript prints them',
    [JSON.parse('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0],
    '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
  ],
  ['an own `__proto__` as a member', JSON.parse('{"b":1,"__proto__":{"a":2}}'), '{"__proto__":{"a":2},"b":1}'],
])('%s', (_, value, text) => {
  expect(canonicalJson(value)).toBe(text)
})

test.each<[string, unknown]>([
  ['a lone surrogate', '\ud800'],
  ['a lone surrogate in a key', { '\udc00': 1 }],
  ['NaN', Number.NaN],
  ['an infinity', [Number.POSITIVE_INFINITY]],
  ['undefined', { a: undefined }],
])('refuses %s', (_, value) => {
  expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError)
})

test('refuses what is nested deeper than 512', () => {
  const nest = (depth: number): JsonValue => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
  expect(canonicalJson(nest(500))).toHaveLength(1000)
  expect(() => canonicalJson(nest(600))).toThrow('deeper than 512')
})
