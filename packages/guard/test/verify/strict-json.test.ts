import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64url } from '../../src/verify/jws.ts'
import { member, parseJsonObject } from '../../src/verify/strict-json.ts'

const parse = (text: string, depth = 8) => parseJsonObject(Buffer.from(text), depth)

test('any object comes back as JSON.parse has it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), fc.boolean(), (object, spaced) => {
      const text = JSON.stringify(object, null, spaced ? 2 : 0)
      expect(parse(text, 40)).toEqual(JSON.parse(text))
    }),
    { numRuns: 200 },
  )
})

test('threat 8: a member that stands twice at any depth is found, also when spelt by escapes', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(5), fc.boolean(), (name, depth, escaped) => {
      const plain = JSON.stringify(name)
      const units = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at).toString(16).padStart(4, '0'))
      const other = escaped ? `"${units.map((unit) => `\\u${unit}`).join('')}"` : plain
      const text = `${'{"a":'.repeat(depth)}{${plain}:[1,{"b":"}"}] , ${other} : 2}${'}'.repeat(depth)}`
      expect(parse(text)).toBe('a member that stands twice')
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['[]', 'not a JSON object'],
  ['null', 'not a JSON object'],
  ['"{}"', 'not a JSON object'],
  ['', 'not JSON in UTF-8'],
  ['\ufeff{}', 'not JSON in UTF-8'],
  ['{}x', 'not JSON in UTF-8'],
  ["{'a':1}", 'not JSON in UTF-8'],
  ['{"a":NaN}', 'not JSON in UTF-8'],
  ['{"a":[[[]]]}', 'nested deeper than 3'],
])('%j is %s', (text, problem) => {
  expect(parse(text, 3)).toBe(problem)
})

test('bytes that are not UTF-8 are refused, not replaced', () => {
  expect(parseJsonObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 3)).toBe('not JSON in UTF-8')
})

test('members of prototypes are not found', () => {
  const object = parse('{"__proto__":{"sub":"root"},"a":1}')
  if (typeof object === 'string') throw new Error(object)
  expect(member(object, 'sub')).toBeUndefined()
  expect(member(object, 'constructor')).toBeUndefined()
  expect(member(object, '__proto__')).toEqual({ sub: 'root' })
})

test('threat 7: each value has one base64url, and every other text is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary-ascii', maxLength: 12 }), (bytes, text) => {
      const encoded = Buffer.from(bytes).toString('base64url')
      expect(decodeBase64url(encoded)).toEqual(Buffer.from(bytes))
      const decoded = decodeBase64url(text)
      if (decoded !== undefined) expect(decoded.toString('base64url')).toBe(text)
    }),
    { numRuns: 500 },
  )
  for (const text of ['AA==', 'AB', 'A', 'AA\n', ' AA', 'A+', 'A/', 'AA=', 'A\u0100']) {
    expect(decodeBase64url(text)).toBeUndefined()
  }
})
