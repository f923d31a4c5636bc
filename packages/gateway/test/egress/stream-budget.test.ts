import { expect, test } from 'vitest'
import { StreamBudget } from '../../src/egress/stream-budget.ts'

const enter = (budget: StreamBudget, owner: string, times: number) =>
  Array.from({ length: times }, () => budget.enter(owner)).filter(Boolean).length

test('threat 101: each principal may hold 64 streams, all together 192', () => {
  const budget = new StreamBudget()
  expect(enter(budget, 'ada', 70)).toBe(64)
  expect(enter(budget, 'bob', 70)).toBe(64)
  expect(enter(budget, 'eve', 70)).toBe(64)
  expect(enter(budget, 'ida', 1)).toBe(0)
  budget.leave('bob')
  expect(enter(budget, 'ada', 1)).toBe(0)
  expect(enter(budget, 'ida', 2)).toBe(1)
})

test('whoever has left counts for nothing', () => {
  const budget = new StreamBudget()
  for (let round = 0; round < 1_000; round += 1) {
    expect(budget.enter('ada')).toBe(true)
    budget.leave('ada')
  }
})
