/** The traps of the field notes that concern the engine itself: that it has them, and that they cannot be met through us. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/mcp/call.ts'
import { at, callOf, engine, principal, tool } from './given.ts'

const transfer = tool('bank/transfer', {
  amount: { type: 'integer' },
  note: { type: 'string' },
  deep: { type: 'object' },
})
const ann = principal()
const decide = (policies: string, args?: JsonObject) =>
  engine(policies, [transfer]).decide(ann, callOf(transfer, args), transfer, at)

test('threat 64: a forbid that errs is skipped by the engine, so the answer is allow; here it denies', () => {
  const policies =
    'permit(principal, action, resource); forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has amount && context.arguments.amount * 9007199254740991 > 0 };'
  const overflow = 'forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };'
  const uid = { type: 'A', id: 'a' }
  const answer = cedar.isAuthorized({
    principal: uid,
    action: uid,
    resource: uid,
    context: {},
    policies: { staticPolicies: `permit(principal, action, resource);${overflow}` },
    entities: [],
  })
  expect(answer).toMatchObject({ type: 'success', response: { decision: 'allow', diagnostics: { errors: [{}] } } })
  expect(decide(policies, { amount: Number.MAX_SAFE_INTEGER })).toMatchObject({
    outcome: 'deny',
    reason: 'policy_error',
  })
  expect(decide(policies, {}).outcome).toBe('allow')
})

test('the values of a call are not in the errors of a decision', () => {
  const policies =
    'permit(principal, action, resource) when { context.arguments has amount && context.arguments.amount * 9007199254740991 > 0 };'
  const decision = decide(policies, { amount: 123_456_789_012 })
  expect(decision).toMatchObject({ outcome: 'deny', reason: 'policy_error' })
  expect(JSON.stringify(decision)).not.toContain('123456789012')
})

test('a required argument that is missing: the policy that reads it errs, so the call is denied', () => {
  const required = tool('bank/transfer', { 'amount!': { type: 'integer' } })
  const of = engine(
    'permit(principal, action, resource); forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments.amount > 5 };',
    [required],
  )
  expect(of.decide(ann, callOf(required, {}), required, at)).toMatchObject({ reason: 'policy_error' })
})

test('the engine names text policies `policyN` and sorts them as text; ids here are keys of a record', () => {
  const text = Array.from(
    { length: 12 },
    (_, i) => `@id("p${i}") permit(principal, action, resource) when { context.scopes.contains("${i}") };`,
  ).join('\n')
  const parts = cedar.policySetTextToParts(text)
  expect(parts.type === 'success' && parts.policies[2]).toContain('@id("p10")')
  const of = engine(text, [transfer])
  for (const i of [2, 10, 11]) {
    const decision = of.decide(principal({ scopes: new Set([`${i}`]) }), callOf(transfer), transfer, at)
    expect(decision).toMatchObject({ outcome: 'allow', policies: [`p${i}`] })
  }
})

test('an argument shaped like an entity or an extension parses as one in the engine; here it denies where it is read', () => {
  const note =
    'permit(principal, action, resource); forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has note && context.arguments.note == "x" };'
  for (const value of [{ __entity: { type: 'Sallyport::Tool', id: 'x' } }, { __extn: { fn: 'decimal', arg: '1.0' } }]) {
    expect(decide(note, { note: value })).toMatchObject({ reason: 'policy_error' })
    expect(decide('permit(principal, action, resource);', { note: value }).outcome).toBe('allow')
  }
})

test('null, undeclared keys, floats and integers beyond 2^53', () => {
  const amount =
    'permit(principal, action, resource); forbid(principal, action, resource) when { context.arguments has amount && context.arguments.amount > 5 };'
  expect(decide(amount, { amount: null }).outcome).toBe('allow')
  expect(decide(amount, { undeclared: { a: 1 } }).outcome).toBe('allow')
  expect(decide(amount, { amount: 1.5 })).toMatchObject({ reason: 'policy_error' })
  expect(decide(amount, { amount: 2 ** 60 })).toMatchObject({ reason: 'policy_error' })
  expect(decide(amount, { amount: -0 }).outcome).toBe('allow')
})

test('5,000-deep arguments do not reach the engine', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)
  const whole =
    'permit(principal, action, resource); forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has deep && context.arguments.deep == context.arguments.deep };'
  expect(decide(whole, { deep })).toMatchObject({ reason: 'policy_error' })
  expect(decide('permit(principal, action, resource);', { deep }).outcome).toBe('allow')
  expect(decide(whole, {}).outcome).toBe('allow')
})

test('the engine never forgets: more policy sets than it has places for, and each still answers for itself', () => {
  const engines = Array.from({ length: 600 }, (_, i) =>
    engine(`@id("p${i}") permit(principal, action, resource) when { context.scopes.contains("${i}") };`, [transfer]),
  )
  for (const [i, of] of engines.entries()) {
    const decision = of.decide(principal({ scopes: new Set([`${i}`]) }), callOf(transfer), transfer, at)
    expect(decision).toMatchObject({ outcome: 'allow', policies: [`p${i}`] })
  }
  expect(engines[0]?.decide(principal({ scopes: new Set(['0']) }), callOf(transfer), transfer, at)).toMatchObject({
    policies: ['p0'],
  })
  expect(engines[0]?.decide(principal({ scopes: new Set(['1']) }), callOf(transfer), transfer, at)).toMatchObject({
    outcome: 'deny',
  })
})

test('`@approval("finance, 2")` comes back from the determining policy', () => {
  expect(decide('@approval("finance, 2") permit(principal, action, resource);')).toMatchObject({
    approvers: [{ group: 'finance', count: 2 }],
  })
})
