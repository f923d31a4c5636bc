import { expect, test } from 'vitest'
import { engine, issuer, principal, tool } from './given.ts'

const transfer = tool('bank/transfer', { amount: { type: 'integer' } })
const head = 'principal, action == Sallyport::Action::"bank/transfer", resource'
const small = 'context.arguments has amount && context.arguments.amount < 5'
const finance = `principal in Sallyport::Group::"${issuer}|finance"`

test.each<[string, string, boolean]>([
  ['nothing permits', '', false],
  ['a plain permit', `permit(${head});`, true],
  ['a permit for some argument', `permit(${head}) when { ${small} };`, true],
  ['a permit that asks', `@approval("ops, 1") permit(${head}) when { ${small} };`, true],
  ['a permit for some time', `permit(${head}) when { context.now > datetime("2030-01-01") };`, true],
  ['a permit for some network', `permit(${head}) when { context.network.peer.isLoopback() };`, true],
  ['a permit for others', `permit(${head}) when { ${finance} };`, false],
  ['a permit for others, for some argument', `permit(${head}) when { ${small} && ${finance} };`, false],
  ['the same in two clauses', `permit(${head}) when { ${small} } when { ${finance} };`, false],
  ['for others or some argument', `permit(${head}) when { (${small}) || ${finance} };`, true],
  ['unless one of two', `permit(${head}) unless { (${small}) || principal is Sallyport::Person };`, false],
  ['unless some argument', `permit(${head}) unless { ${small} };`, true],
  ['a forbid', `permit(${head}); forbid(${head});`, false],
  ['a forbid for some argument', `permit(${head}); forbid(${head}) when { ${small} };`, true],
  ['a forbid for the person', `permit(${head}); forbid(${head}) when { principal is Sallyport::Person };`, false],
  [
    'a forbid for the person and some argument',
    `permit(${head}); forbid(${head}) when { principal is Sallyport::Person && ${small} };`,
    true,
  ],
])('a list shows what some argument could allow: %s', (_, policies, shown) => {
  expect(engine(policies, [transfer]).couldAllow(principal(), transfer)).toBe(shown)
})

test('a list and a call do not share answers', () => {
  const of = engine(`permit(${head}) when { context.scopes.contains("x") }; forbid(${head}) when { ${small} };`, [
    transfer,
  ])
  const ann = principal({ scopes: new Set(['x']) })
  expect(of.couldAllow(ann, transfer)).toBe(true)
  expect(of.couldAllow(ann, transfer)).toBe(true)
  expect(of.couldAllow(principal({ tenant: 'other' }), transfer)).toBe(false)
})
