import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/mcp/call.ts'
import { at, callOf, engine, principal, tool } from './given.ts'

const transfer = tool('bank/transfer', { amount: { type: 'integer' } })
const call = 'principal, action == Sallyport::Action::"bank/transfer", resource'
const plain = `@id("plain") permit(${call});`
const asks = `@id("ask") @approval("finance, 2") permit(${call});`
const asksAboveFive = `@id("large") @approval("finance, 2") permit(${call}) when { context.arguments has amount && context.arguments.amount > 5 };`

function decide(policies: string, args: JsonObject = {}) {
  return engine(policies, [transfer]).decide(principal(), callOf(transfer, args), transfer, at)
}

test('a permit with `@approval` asks, and says whom', () => {
  expect(decide(asks)).toMatchObject({
    outcome: 'require_approval',
    approvers: [{ group: 'finance', count: 2 }],
    policies: ['ask'],
  })
})

test('it asks also where a plain permit grants as well, whichever stands first', () => {
  for (const policies of [`${asks} ${plain}`, `${plain} ${asks}`]) {
    expect(decide(policies)).toMatchObject({ outcome: 'require_approval', policies: ['ask', 'plain'] })
  }
})

test('it asks only for the calls that it permits', () => {
  const policies = `${plain} ${asksAboveFive}`
  expect(decide(policies, { amount: 5 }).outcome).toBe('allow')
  expect(decide(policies, { amount: 6 }).outcome).toBe('require_approval')
})

test('a forbid wins over an ask, and a list shows what would be asked for', () => {
  expect(decide(`${asks} forbid(${call});`)).toMatchObject({ outcome: 'deny', reason: 'not_permitted' })
  for (const policies of [asks, `${plain} ${asks}`, asksAboveFive]) {
    expect(engine(policies, [transfer]).couldAllow(principal(), transfer)).toBe(true)
  }
})
