import { expect, test } from 'vitest'
import { at, call, callOf, engine, principal, Shelf, tool } from './given.ts'

const transfer = tool('bank/transfer', { 'amount!': { type: 'integer' }, union: { type: ['string', 'integer'] } })
const balance = tool('bank/balance')
const read = tool('files/read', { 'path!': { type: 'string' } })
const ann = principal()
const permit = '@id("all") permit(principal, action, resource);'

test('field notes: a schema made of the tool validates what policies read, with a hint', () => {
  const of = engine(
    `${permit} @id("typo") forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments.amont > 5 };`,
    [transfer, balance, read],
  )
  expect(of.decide(ann, callOf(transfer, { amount: 1 }), transfer, at)).toMatchObject({
    outcome: 'deny',
    reason: 'policy_error',
    errors: [expect.stringContaining('did you mean')],
  })
  expect(of.warnings()).toEqual([
    expect.stringMatching(/^test\.cedar:1:49 policy `typo` for tool `bank\/transfer`: .*`amount`/),
  ])
})

test('threat 64: a policy that is not valid for one tool is the trouble of that tool alone', () => {
  const general = `${permit} @id("g") forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments.path == "/etc/passwd" };`
  const of = engine(general, [transfer, balance, read])
  expect(of.decide(ann, callOf(transfer), transfer, at)).toMatchObject({ reason: 'policy_error' })
  expect(of.decide(ann, callOf(balance), balance, at)).toMatchObject({ reason: 'policy_error' })
  expect(of.decide(ann, callOf(read, { path: '/docs' }), read, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(read, { path: '/etc/passwd' }), read, at)).toMatchObject({ reason: 'not_permitted' })
  expect(of.decide(ann, call('bank', { action: 'list' }), undefined, at).outcome).toBe('allow')
  expect(of.couldAllow(ann, transfer)).toBe(false)
  expect(of.couldAllow(ann, read)).toBe(true)
})

test('threat 64: what a hostile tool declares breaks the policies for itself alone', () => {
  const hostile = tool('files/evil', { path: { type: ['string', 'integer'] } })
  const of = engine(
    `${permit} forbid(principal, action in Sallyport::Action::"call", resource in Sallyport::Upstream::"files") when { context.arguments.path like "/etc/*" };`,
    [hostile, read],
  )
  expect(of.decide(ann, callOf(hostile, { path: '/etc/passwd' }), hostile, at)).toMatchObject({
    reason: 'policy_error',
  })
  expect(of.decide(ann, callOf(read, { path: '/docs' }), read, at).outcome).toBe('allow')
})

test('field notes: behind `has`, a wrong argument validates silently; a policy that names the tool is told', () => {
  const of = engine(
    `${permit} @id("f") forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments has amont && context.arguments.amont > 5 };`,
    [transfer],
  )
  expect(of.warnings()).toEqual([
    expect.stringContaining('impossible'),
    expect.stringContaining('`context.arguments.amont` is not declared'),
  ])
  expect(of.decide(ann, callOf(transfer, { amount: 9 }), transfer, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(transfer, { amont: 9 }), transfer, at)).toMatchObject({ reason: 'policy_error' })
  const general = engine(
    `${permit} forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has amont && context.arguments.amont > 5 };`,
    [transfer],
  )
  expect(general.warnings()).toEqual([])
})

test('an argument that has no Cedar type fails only the policies that read it', () => {
  expect(engine(permit, [transfer]).decide(ann, callOf(transfer, { union: 'a' }), transfer, at).outcome).toBe('allow')
  const reads = engine(
    `${permit} forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments.union == "a" };`,
    [transfer],
  )
  expect(reads.decide(ann, callOf(transfer, {}), transfer, at)).toMatchObject({ reason: 'policy_error' })
})

test('a policy that names a tool not learned yet is inactive, and wakes up when the tool is accepted', () => {
  const shelf = new Shelf([balance])
  const of = engine(
    `${permit} @id("cap") forbid(principal, action in [Sallyport::Action::"bank/transfer", Sallyport::Action::"bank/balance"], resource) when { principal is Sallyport::Agent };`,
    shelf,
  )
  expect(of.warnings()).toEqual([expect.stringContaining('`bank/transfer`, which is not learned or not accepted')])
  expect(of.decide(ann, callOf(transfer), undefined, at)).toMatchObject({ outcome: 'deny', reason: 'policy_inactive' })
  const robot = principal({ person: undefined })
  // for the tool that is there, it is active all the same
  expect(of.decide(robot, callOf(balance), balance, at)).toMatchObject({ reason: 'not_permitted', policies: ['cap'] })
  shelf.put(transfer)
  expect(of.warnings()).toEqual([])
  expect(of.decide(ann, callOf(transfer), transfer, at).outcome).toBe('allow')
  expect(of.decide(robot, callOf(transfer), transfer, at)).toMatchObject({ policies: ['cap'] })
})

test('a tool that nobody knows and no policy names is not permitted', () => {
  expect(engine(permit, []).decide(ann, callOf(transfer), undefined, at)).toMatchObject({ reason: 'not_permitted' })
})

test('threat 60: a definition that was replaced meanwhile is not decided upon', () => {
  const shelf = new Shelf([transfer])
  const of = engine(permit, shelf)
  expect(of.decide(ann, callOf(transfer), transfer, at).outcome).toBe('allow')
  const changed = tool('bank/transfer', { amount: { type: 'integer' }, force: { type: 'boolean' } })
  shelf.put(changed)
  expect(of.decide(ann, callOf(transfer), transfer, at)).toMatchObject({ reason: 'policy_inactive' })
  expect(of.decide(ann, callOf(changed), changed, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(changed), balance, at)).toMatchObject({ reason: 'policy_error' })
})

test('threat 61: policies are validated anew against a changed definition', () => {
  const shelf = new Shelf([transfer])
  const of = engine(
    `${permit} forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments has amount && context.arguments.amount > 5 };`,
    shelf,
  )
  expect(of.decide(ann, callOf(transfer, { amount: 6 }), transfer, at)).toMatchObject({ reason: 'not_permitted' })
  const changed = tool('bank/transfer', { amount: { type: 'string' } })
  shelf.put(changed)
  expect(of.decide(ann, callOf(changed, { amount: '6' }), changed, at)).toMatchObject({ reason: 'policy_error' })
})

test('an upstream that is not configured is named', () => {
  const of = engine('permit(principal, action == Sallyport::Action::"bnak/transfer", resource);', [])
  expect(of.warnings()).toEqual([expect.stringContaining('no upstream `bnak` is configured')])
})

test('a policy that reads arguments where there are none breaks that action', () => {
  const of = engine('permit(principal, action, resource) when { context.arguments.path == "/" };', [read])
  expect(of.decide(ann, call('files', { action: 'list' }), undefined, at)).toMatchObject({ reason: 'policy_error' })
  expect(of.decide(ann, callOf(read, { path: '/' }), read, at).outcome).toBe('allow')
  expect(of.warnings().length).toBeGreaterThan(0)
})
