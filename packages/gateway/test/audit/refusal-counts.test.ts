import { expect, test } from 'vitest'
import type { EntryFields } from '../../src/audit/entry.ts'
import { RefusalCounts } from '../../src/audit/refusal-counts.ts'

const refusal = (peer: string | undefined, status = 'token_invalid', requestId = 'r'): EntryFields => {
  return { kind: 'refusal', requestId, tenant: 'default', peer, status, detail: 'd' }
}

test('the first of a pair is written at once, and the rest is counted', () => {
  const counts = new RefusalCounts()
  expect(counts.count(5, refusal('10.0.0.1'))).toBe(true)
  expect(counts.count(5, refusal('10.0.0.1'))).toBe(false)
  expect(counts.count(5, refusal('10.0.0.1', 'token_invalid', 'newest'))).toBe(false)
  expect(counts.count(5, refusal('10.0.0.1', 'token_missing'))).toBe(true)
  expect(counts.count(5, refusal('10.0.0.2'))).toBe(true)
  expect(counts.drain()).toEqual([{ ...refusal('10.0.0.1', 'token_invalid', 'newest'), count: 2 }])
  expect(counts.drain()).toEqual([])
})

test('a minute is over when another one begins, even an earlier one', () => {
  const counts = new RefusalCounts()
  expect(counts.isOver(5)).toBe(false)
  counts.count(5, refusal('10.0.0.1'))
  expect(counts.isOver(5)).toBe(false)
  expect(counts.isOver(6)).toBe(true)
  expect(counts.isOver(4)).toBe(true)
  counts.drain()
  expect(counts.isOver(7)).toBe(false)
  expect(counts.count(7, refusal('10.0.0.1'))).toBe(true)
})

test('threat 101: a flood from many peers makes a bounded number of entries', () => {
  const counts = new RefusalCounts()
  let written = 0
  for (let index = 0; index < 50_000; index++) if (counts.count(5, refusal(`peer-${index}`))) written++
  const counted = counts.drain()
  expect(written).toBe(1024)
  expect(counted).toHaveLength(1)
  expect(counted[0]).toMatchObject({ count: 50_000 - 1024, status: 'token_invalid', peer: undefined })
})
