import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { argumentsCommitment, commitmentSalt, leafHash } from '../../src/audit/index.ts'

test('the leaf hash is that of RFC 9162 section 2.1.1', () => {
  // From the certificate-transparency test vectors: the hash of an empty leaf.
  expect(leafHash('')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (canonical) => {
      const expected = createHash('sha256').update(Buffer.of(0)).update(canonical, 'utf8').digest('hex')
      expect(leafHash(canonical)).toBe(expected)
    }),
  )
})

test('a commitment opens with its own salt and arguments alone', () => {
  const key = Buffer.alloc(32, 1)
  const salt = commitmentSalt(key, 'a1-7')
  expect(salt).toEqual(createHmac('sha256', key).update('a1-7').digest('hex'))
  const commitment = argumentsCommitment(salt, '{"amount":120}')
  const expected = createHash('sha256').update(`${salt}{"amount":120}`).digest('hex')
  expect(commitment).toBe(`sha256:${expected}`)
  expect(argumentsCommitment(salt, '{"amount":121}')).not.toBe(commitment)
  expect(argumentsCommitment(commitmentSalt(key, 'a1-8'), '{"amount":120}')).not.toBe(commitment)
  expect(argumentsCommitment(commitmentSalt(Buffer.alloc(32, 2), 'a1-7'), '{"amount":120}')).not.toBe(commitment)
})

test('a key that can be guessed is refused', () => {
  expect(() => commitmentSalt(Buffer.alloc(31), 'a1-7')).toThrow('a commitment key of 31 bytes is too short')
})
