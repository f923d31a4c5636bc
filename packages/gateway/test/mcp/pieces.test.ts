import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from '../../src/mcp/pieces.ts'

test('what comes in pieces is the whole, however it is cut, and again after it was taken', () => {
  const pieces = new Pieces()
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (parts) => {
      for (const part of parts) pieces.push(part)
      const whole = Buffer.concat(parts)
      expect(pieces.length).toBe(whole.length)
      expect(pieces.take()).toEqual(whole)
      expect(pieces.length).toBe(0)
    }),
  )
})

test('no piece is written into, though it has room behind it', () => {
  const pieces = new Pieces()
  const room = Buffer.from('abcdef')
  pieces.push(room.subarray(0, 3))
  pieces.push(Buffer.from('xyz'))
  expect(pieces.take().toString()).toBe('abcxyz')
  expect(room.toString()).toBe('abcdef')
})

test('threat 91: a piece alone is not copied, and many small ones are few buffers', () => {
  const pieces = new Pieces()
  const alone = Buffer.from('alone')
  pieces.push(alone)
  expect(pieces.take().buffer).toBe(alone.buffer)
  for (let count = 0; count < 100_000; count += 1) pieces.push(Buffer.of(count & 0xff))
  const whole = pieces.take()
  expect(whole).toHaveLength(100_000)
  expect(whole.buffer.byteLength).toBeLessThanOrEqual(262_144)
})
