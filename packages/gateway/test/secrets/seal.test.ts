import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RootKey, SealBroken } from '../../src/secrets/seal.ts'

const random = (length: number): Buffer => randomBytes(length)
const keyOf = (fill: number): RootKey => new RootKey(Buffer.alloc(32, fill), random)
const plaintext = Buffer.from('canary-5up3r-s3cr3t')

function failure(open: () => unknown): SealBroken {
  try {
    open()
  } catch (error) {
    if (error instanceof SealBroken) return error
    throw error
  }
  throw new Error('it opened')
}

test('property: what was sealed opens under the same tenant, name and version', () => {
  const key = keyOf(1)
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.nat(),
      fc.uint8Array({ maxLength: 200 }),
      (tenant, name, version, bytes) => {
        const sealed = key.seal(tenant, name, version, Buffer.from(bytes))
        expect(key.open(tenant, name, version, sealed)).toEqual(Buffer.from(bytes))
      },
    ),
    { numRuns: 100 },
  )
})

test('threat 76: another root key opens nothing, and the error says which key is needed', () => {
  const sealed = keyOf(1).seal('default', 'signing', 1, plaintext)
  const error = failure(() => keyOf(2).open('default', 'signing', 1, sealed))
  expect(error.fault).toBe('wrong_key')
  expect(error.message).toBe(
    'the sealed record `signing` of tenant `default` was sealed with another root key: restore the root key that belongs to this store',
  )
})

test('threat 76: another root key that claims to be the right one opens nothing either', () => {
  const sealed = keyOf(1).seal('default', 'signing', 1, plaintext)
  const other = keyOf(2)
  other.seal('default', 'signing', 1, plaintext).copy(sealed, 0, 0, 9)
  expect(failure(() => other.open('default', 'signing', 1, sealed)).fault).toBe('damaged')
})

test('threat 77: no bit of a record can be flipped', () => {
  const key = keyOf(1)
  const sealed = key.seal('default', 'signing', 1, plaintext)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const error = failure(() => key.open('default', 'signing', 1, flipped))
    expect(error.message).not.toContain('canary')
  }
})

test('threat 77: a cut record does not open, at whatever length', () => {
  const key = keyOf(1)
  const sealed = key.seal('default', 'signing', 1, plaintext)
  for (let length = 0; length < sealed.length; length++) {
    expect(failure(() => key.open('default', 'signing', 1, sealed.subarray(0, length))).fault).toBe('damaged')
  }
  expect(failure(() => key.open('default', 'signing', 1, Buffer.concat([sealed, Buffer.of(0)]))).fault).toBe('damaged')
})

test.each([
  ['another name', 'default', 'cookies', 1],
  ['another tenant', 'acme', 'signing', 1],
  ['another version', 'default', 'signing', 2],
  ['parts that join to the same text', 'default","signing', '', 1],
])('threat 77: swapped rows, %s', (_title, tenant, name, version) => {
  const key = keyOf(1)
  const sealed = key.seal('default', 'signing', 1, plaintext)
  expect(failure(() => key.open(tenant, name, version, sealed)).fault).toBe('damaged')
})

test('threat 77: the wrapped key of one record does not open the content of another', () => {
  const key = keyOf(1)
  const first = key.seal('default', 'signing', 1, plaintext)
  const second = key.seal('default', 'signing', 1, plaintext)
  const mixed = Buffer.concat([first.subarray(0, 69), second.subarray(69)])
  expect(failure(() => key.open('default', 'signing', 1, mixed)).fault).toBe('damaged')
})

test('threat 78: the same plaintext is sealed under a fresh key and fresh nonces each time', () => {
  const key = keyOf(1)
  const sealed = Array.from({ length: 50 }, () => key.seal('default', 'signing', 1, plaintext))
  for (const [start, end] of [
    [9, 21],
    [21, 53],
    [69, 81],
    [81, 97],
  ] as const) {
    expect(new Set(sealed.map((record) => record.subarray(start, end).toString('hex'))).size).toBe(50)
  }
})

test('derived keys are the same at each start, and differ by tenant, purpose and length', () => {
  const key = keyOf(1)
  expect(keyOf(1).derive('default', 'commitments', 32)).toEqual(key.derive('default', 'commitments', 32))
  const others = [
    key.derive('acme', 'commitments', 32),
    key.derive('default', 'versions', 32),
    key.derive('default","commitments', '', 32),
    key.derive('default', 'commitments', 64).subarray(0, 32),
    keyOf(2).derive('default', 'commitments', 32),
  ].map((derived) => derived.toString('hex'))
  expect(new Set([...others, key.derive('default', 'commitments', 32).toString('hex')]).size).toBe(6)
  expect(() => key.derive('default', 'x', 0)).toThrow(RangeError)
  expect(() => key.derive('default', 'x', 255 * 32 + 1)).toThrow(RangeError)
})

test('the derivation and the format stay what they were: what is stored must open after an update', () => {
  const key = new RootKey(Buffer.alloc(32, 7), (length) => Buffer.alloc(length, length))
  expect(key.derive('default', 'commitments', 16).toString('hex')).toMatchInlineSnapshot(
    `"9e4fd700313e7fab1033fa5464cd02ae"`,
  )
  const sealed = key.seal('default', 'signing', 1, Buffer.from('x'))
  expect(sealed.toString('base64url')).toMatchInlineSnapshot(
    `"AdnYirH7YOb_DAwMDAwMDAwMDAwM8LpiUTMQKYCMo3etDg7y9EYxHgn0WNTSyYU-BdnZocUpc2J92y2aeCBIourMdoGIDAwMDAwMDAwMDAwMF8cUwdCZFwUwor7qJ0WQPGg"`,
  )
})

test('a root key shows nothing of itself, and takes the bytes it was given', () => {
  const bytes = Buffer.alloc(32, 0xab)
  const key = new RootKey(bytes, random)
  expect(bytes).toEqual(Buffer.alloc(32))
  expect(`${inspect(key, { showHidden: true, depth: 9 })}${JSON.stringify(key)}`).not.toMatch(/ab{3}|q6ur|171/i)
})
