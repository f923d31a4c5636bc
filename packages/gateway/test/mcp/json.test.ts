import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/mcp/json.ts'
import { survives } from '../../src/mcp/json-number.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function parsed(text: string): unknown {
  const result = parseJson(bytes(text))
  if ('refused' in result) throw new Error(`refused: ${result.detail}`)
  return result.value
}

function fault(input: string | Uint8Array): string {
  const result = parseJson(typeof input === 'string' ? bytes(input) : input)
  if (!('refused' in result)) throw new Error('accepted')
  expect(result).toMatchObject({ reason: 'json_invalid', code: -32700, status: 400 })
  expect(result.message).toContain(result.detail)
  return result.detail
}

describe('what is accepted', () => {
  test.each([
    '{}',
    '[]',
    'null',
    '"a"',
    '0',
    ' {"a" : [1, {"a": true}], "b":{"a":null}} ',
    '{"":1}',
    '{"a":"__proto__"}',
  ])('%s', (text) => expect(parsed(text)).toEqual(JSON.parse(text)))

  test('text beyond ASCII, and escapes that make well-formed text', () => {
    expect(parsed('{"é":"\\ud83d\\ude00 😀 \\u00e9"}')).toEqual({ é: '😀 😀 é' })
  })

  test('a value that looks like a refusal is a value', () => {
    expect(parsed('{"refused":true}')).toEqual({ refused: true })
  })
})

describe('threat 54: a key twice', () => {
  test.each([
    ['{"a":1,"a":2}', 'the duplicate key `a`'],
    ['{"a":1,"\\u0061":2}', 'the duplicate key `a`'],
    ['[{"x":{"b":1, "c":[], "b":1}}]', 'the duplicate key `b`'],
    ['{"a":{"a":1},"b":{"a":1},"a":{}}', 'the duplicate key `a`'],
    ['{"":1,"":2}', 'the duplicate key (0 characters)'],
  ])('%s', (text, detail) => expect(fault(text)).toBe(detail))

  test('a key long enough to be a secret is not named', () => {
    const secret = 'eyJhbGciOiJFUzI1NiJ9.e30'
    expect(fault(`{"${secret}":1,"${secret}":2}`)).toBe('the duplicate key (24 characters)')
  })

  test('the same key in two objects is none', () => {
    expect(parsed('{"a":{"a":[{"a":1},{"a":2}]}}')).toEqual({ a: { a: [{ a: 1 }, { a: 2 }] } })
  })
})

describe('threat 58: keys that reach into a prototype', () => {
  test.each(['__proto__', 'constructor', 'prototype'])('%s, plain and escaped, at any depth', (key) => {
    expect(fault(`{"${key}":1}`)).toBe(`the key \`${key}\``)
    const escaped = [...key].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    expect(fault(`{"a":[{"b":{"${escaped}":{}}}]}`)).toBe(`the key \`${key}\``)
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })
})

describe('threat 57: numbers', () => {
  test.each(['9007199254740992', '-9007199254740992', '9007199254740993', '9007199254740993.0', '1e20', '[0.9e17]'])(
    'the unsafe integer %s',
    (text) => expect(fault(text)).toBe('an integer beyond 2^53-1'),
  )
  test.each(['1e309', '-1e309', '[1e99999]'])('%s is beyond a double', (text) =>
    expect(fault(text)).toBe('a number beyond the range of a double'),
  )
  test.each(['0.1234567890123456789', '1e-400', '0.30000000000000001', '3.14159265358979323846'])(
    '%s has too many digits',
    (text) => expect(fault(text)).toBe('a number with more digits than a double keeps'),
  )
  test.each([
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['1.0', 1],
    ['1e0', 1],
    ['10E-1', 1],
    ['0.30000000000000004', 0.30000000000000004],
    ['1.50000000000000000000', 1.5],
    ['5e-324', 5e-324],
    ['0e999999', 0],
    ['-0', -0],
  ])('%s is %d', (text, value) => expect(parsed(text)).toBe(value))

  test('1.0 is written back as 1', () => expect(JSON.stringify(parsed('{"a":1.0,"b":-0}'))).toBe('{"a":1,"b":0}'))

  test('a number of thousands of digits is refused before it is looked at', () => {
    expect(fault(`[${'1'.repeat(500)}]`)).toBe('a number of more than 400 characters')
  })

  test('digits in strings are text', () =>
    expect(parsed('{"a":"9007199254740993 1e999"}')).toEqual({ a: '9007199254740993 1e999' }))

  test('every double survives as JavaScript writes it, unless it is an unsafe integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const unsafe = Number.isInteger(value) && !Number.isSafeInteger(value)
        expect(survives(JSON.stringify(value)) === undefined).toBe(!unsafe)
      }),
    )
  })
})

describe('threat 92: depth and size', () => {
  test('64 deep is accepted, 65 and 100,000 are not', () => {
    expect(parsed('['.repeat(64) + ']'.repeat(64))).toBeDefined()
    expect(fault('['.repeat(65) + ']'.repeat(65))).toBe('nested deeper than 64')
    expect(fault('{"a":'.repeat(100_000))).toBe('nested deeper than 64')
  })

  test('members and elements are counted', () => {
    expect(parsed(`[${'0,'.repeat(99_998)}0]`)).toHaveLength(99_999)
    expect(fault(`[${'0,'.repeat(100_000)}0]`)).toBe('more than 100000 members and elements')
    expect(fault('[{},'.repeat(3)).length).toBeGreaterThan(0)
  })
})

describe('text that is not what it seems', () => {
  test.each([
    ['"\\ud800"', 'a lone surrogate'],
    ['{"a":["\\udc00 x"]}', 'a lone surrogate'],
    ['{"\\ud800":1}', 'a lone surrogate'],
    ['\ufeff{}', 'a byte order mark'],
    ['{"a":1,}', 'not well-formed at character 7'],
    ['{"a":1} x', 'not well-formed at character 8'],
    ["{'a':1}", 'not well-formed at character 1'],
    ['[01]', 'not well-formed at character 2'],
    ['{"a":NaN}', 'not well-formed'],
    ['"a\nb"', 'not well-formed at character 2'],
  ])('%j', (text, detail) => expect(fault(text)).toBe(detail))

  test.each([[[0x22, 0xff, 0x22]], [[0x22, 0xc0, 0x80, 0x22]], [[0x22, 0xed, 0xa0, 0x80, 0x22]], [[0x22, 0xe2, 0x82]]])(
    'invalid UTF-8 %j',
    (raw) => expect(fault(Uint8Array.from(raw))).toBe('invalid UTF-8'),
  )

  test.each(['', ' ', '{', '"', '"\\', '{"a"', '[1'])('the unfinished %j', (text) =>
    expect(fault(text)).toMatch(/^not well-formed/),
  )

  test('values never stand in a reason', () => {
    expect(fault('{"a": hunter2-is-the-secret}')).not.toContain('hunter2')
  })
})

test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value)
      const result = parseJson(bytes(text))
      if ('refused' in result)
        expect(result.detail).toMatch(/^(an integer beyond|the key `(__proto__|constructor|prototype)`|a lone)/)
      else expect(result.value).toEqual(JSON.parse(text))
    }),
  )
})

test('a duplicate is found wherever it is put', () => {
  const key = fc.string({ minLength: 1 }).filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text))
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue({ maxDepth: 2, noNullPrototype: true } as object), { minKeys: 1 }),
      fc.nat(),
      (object, pick) => {
        const keys = Object.keys(object)
        const again = JSON.stringify(keys[pick % keys.length])
        const result = parseJson(bytes(`[${JSON.stringify(object).slice(0, -1)},${again}:0}]`))
        expect('refused' in result).toBe(true)
      },
    ),
  )
})
