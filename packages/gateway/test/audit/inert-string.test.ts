import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inertString } from '../../src/audit/inert-string.ts'

const wellFormed = fc.string({ unit: 'binary', maxLength: 40 })
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

describe('inertString', () => {
  test('keeps a harmless string as it is', () => {
    fc.assert(
      fc.property(wellFormed, (value) => {
        const harmless = value.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, 'x')
        expect(inertString(harmless)).toBe(JSON.stringify(harmless))
      }),
    )
  })

  test('threat 88: whatever it is given, it writes one canonical line of bounded length', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const written = inertString(value)
        expect(canonicalize(JSON.parse(written))).toBe(written)
        expect(written.isWellFormed()).toBe(true)
        expect(written).toMatch(/^[^\p{Cc}\u2028\u2029]*$/u)
      }),
    )
  })

  test.each([
    ['a line break and a forged entry', 'x\n{"kind":"intent"}', '"x\\n{\\"kind\\":\\"intent\\"}"'],
    ['the separators of records', 'a\u0001b\u0000', '"a\\u0001b\\u0000"'],
    ['a terminal escape', '\u001b[2J\u009b2J', '"\\u001b[2J\ufffd2J"'],
    ['reordered text', 'a\u202eb\u2066c', '"a\ufffdb\ufffdc"'],
    ['a lone surrogate', 'a\ud800b', '"a\ufffdb"'],
  ])('threat 88: %s', (_, value, expected) => {
    expect(inertString(value)).toBe(expected)
  })

  test.each([
    ['plain', 'x'.repeat(3000), 2048],
    ['quotes', '"'.repeat(3000), 4096],
    ['a pair of surrogates across the limit', `${'x'.repeat(2047)}😀`, 2048],
  ])('cuts a long string: %s', (_, value, length) => {
    expect(inertString(value)).toHaveLength(length + 2)
  })
})
