import { expect, test, vi } from 'vitest'
import type { JsonObject } from '../../src/mcp/call.ts'
import { at, call, callOf, engine, issuer, principal, Shelf, tool } from './given.ts'

const transfer = tool('bank/transfer', {
  amount: { type: 'integer' },
  price: { type: 'number' },
  to: { type: 'string' },
  any: {},
})
const list = tool('bank/list', {}, { annotations: { readOnlyHint: true } })
const read = tool('files/read', { path: { type: 'string' } })
const tools = [transfer, list, read]
const ann = principal()

function outcome(policies: string, args?: JsonObject, of = ann) {
  const decision = engine(policies, tools).decide(of, callOf(transfer, args), transfer, at)
  return decision.outcome === 'deny' ? decision.reason : decision.outcome
}

test('nothing permits: denied', () => {
  expect(outcome('')).toBe('not_permitted')
  expect(outcome('permit(principal, action, resource == Sallyport::Tool::"bank/list");')).toBe('not_permitted')
})

test.each([
  ['everything', 'permit(principal, action, resource);', 'allow'],
  ['the person', `permit(principal == Sallyport::Person::"${issuer}|ann", action, resource);`, 'allow'],
  ['another person', `permit(principal == Sallyport::Person::"${issuer}|bob", action, resource);`, 'not_permitted'],
  [
    'the same name at another issuer',
    'permit(principal == Sallyport::Person::"https://other|ann", action, resource);',
    'not_permitted',
  ],
  ['agents', 'permit(principal is Sallyport::Agent, action, resource);', 'not_permitted'],
  ['the tool by its action', 'permit(principal, action == Sallyport::Action::"bank/transfer", resource);', 'allow'],
  [
    'another tool by its action',
    'permit(principal, action == Sallyport::Action::"bank/list", resource);',
    'not_permitted',
  ],
  [
    'several actions',
    'permit(principal, action in [Sallyport::Action::"list", Sallyport::Action::"call"], resource);',
    'allow',
  ],
  ['every call', 'permit(principal, action in Sallyport::Action::"call", resource);', 'allow'],
  ['lists', 'permit(principal, action == Sallyport::Action::"list", resource);', 'not_permitted'],
  ['the upstream', 'permit(principal, action, resource in Sallyport::Upstream::"bank");', 'allow'],
  ['another upstream', 'permit(principal, action, resource in Sallyport::Upstream::"files");', 'not_permitted'],
  [
    'tools of the upstream',
    'permit(principal, action, resource is Sallyport::Tool in Sallyport::Upstream::"bank");',
    'allow',
  ],
  ['upstreams', 'permit(principal, action, resource is Sallyport::Upstream);', 'not_permitted'],
  [
    'by a condition on the action',
    'permit(principal, action, resource) when { action in Sallyport::Action::"call" };',
    'allow',
  ],
  [
    'by a condition on the action itself',
    'permit(principal, action, resource) when { action == Sallyport::Action::"bank/transfer" };',
    'allow',
  ],
  [
    'by a condition on the upstream',
    'permit(principal, action, resource) when { resource in Sallyport::Upstream::"bank" };',
    'allow',
  ],
  [
    'by a condition on another upstream',
    'permit(principal, action, resource) when { resource in Sallyport::Upstream::"files" };',
    'not_permitted',
  ],
  [
    'what only reads',
    'permit(principal, action in Sallyport::Action::"call", resource) when { resource.readOnly };',
    'not_permitted',
  ],
  [
    'what is risky',
    'permit(principal, action in Sallyport::Action::"call", resource) when { resource.risk == "high" && resource.destructive };',
    'allow',
  ],
  [
    'by a tag',
    'permit(principal, action in Sallyport::Action::"call", resource) when { resource.tags.contains("open_world") };',
    'allow',
  ],
  [
    'by the agent',
    `permit(principal, action, resource) when { context.agent == Sallyport::Agent::"${issuer}|agent-1" };`,
    'allow',
  ],
  ['by a scope', 'permit(principal, action, resource) when { context.scopes.contains("bank:write") };', 'allow'],
  ['by the kind of token', 'permit(principal, action, resource) when { context.auth.kind == "jwt" };', 'allow'],
  [
    'by network',
    'permit(principal, action, resource) when { context.network.peer.isInRange(ip("192.0.2.0/24")) };',
    'allow',
  ],
  [
    'by another network',
    'permit(principal, action, resource) when { context.network.peer.isLoopback() };',
    'not_permitted',
  ],
  ['by time', 'permit(principal, action, resource) when { context.now < datetime("2026-12-01") };', 'allow'],
  [
    'by time of day',
    'permit(principal, action, resource) when { context.now.toTime() > duration("13h") };',
    'not_permitted',
  ],
])('permits %s', (_, policies, expected) => {
  expect(outcome(policies)).toBe(expected)
})

test('groups are those of the person, by issuer', () => {
  const permit = (group: string) => `permit(principal in Sallyport::Group::"${group}", action, resource);`
  const finance = principal({ groups: ['finance', 'x'] })
  expect(outcome(permit(`${issuer}|finance`), {}, finance)).toBe('allow')
  expect(outcome(permit('https://other|finance'), {}, finance)).toBe('not_permitted')
  expect(outcome(permit('finance'), {}, finance)).toBe('not_permitted')
})

test('the agent is the principal where there is no person; actors are named', () => {
  const agent = principal({ person: undefined, actors: [{ issuer, subject: 'robot' }] })
  expect(outcome(`permit(principal == Sallyport::Agent::"${issuer}|agent-1", action, resource);`, {}, agent)).toBe(
    'allow',
  )
  expect(
    outcome(`permit(principal, action, resource) when { context.actors.contains("${issuer}|robot") };`, {}, agent),
  ).toBe('allow')
})

test('a principal of another tenant, or whose issuer would make ids ambiguous, is denied', () => {
  expect(outcome('permit(principal, action, resource);', {}, principal({ tenant: 'other' }))).toBe('policy_error')
  const odd = principal({ person: { issuer: `${issuer}|a`, subject: 'b', groups: [] } })
  expect(outcome('permit(principal, action, resource);', {}, odd)).toBe('policy_error')
})

test('a forbid wins, and the determining policies are named', () => {
  const policies =
    '@id("all") permit(principal, action, resource); @id("no") forbid(principal, action, resource) when { context.arguments has amount && context.arguments.amount > 5 };'
  const of = engine(policies, tools)
  expect(of.decide(ann, callOf(transfer, { amount: 6 }), transfer, at)).toMatchObject({
    outcome: 'deny',
    reason: 'not_permitted',
    policies: ['no'],
    version: of.version,
  })
  expect(of.decide(ann, callOf(transfer, { amount: 5 }), transfer, at)).toEqual({
    outcome: 'allow',
    policies: ['all'],
    version: of.version,
  })
})

test('typed arguments: numbers as decimals, and integers', () => {
  const cheap =
    'permit(principal, action, resource) when { context.arguments has price && context.arguments.price.lessThan(decimal("10.5")) };'
  expect(outcome(cheap, { price: 10.4999 })).toBe('allow')
  expect(outcome(cheap, { price: 10.5 })).toBe('not_permitted')
  expect(outcome(cheap, { price: 1 })).toBe('allow')
  expect(outcome(cheap, {})).toBe('not_permitted')
})

test('threat 64: a number that does not fit, only where it is read', () => {
  const reads =
    'permit(principal, action, resource); forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments has price && context.arguments.price.lessThan(decimal("1.0")) };'
  expect(outcome(reads, { price: 0.00001 })).toBe('policy_error')
  expect(outcome('permit(principal, action, resource);', { price: 0.00001 })).toBe('allow')
})

test('threat 59: what a forbid asks for behind `has` cannot slip past it by having no type', () => {
  const policies = `permit(principal, action, resource);
    forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has force && context.arguments.force };`
  expect(outcome(policies, { force: true })).toBe('policy_error')
  expect(outcome(policies, { force: null })).toBe('allow')
  expect(outcome(policies, {})).toBe('allow')
  const presence =
    'permit(principal, action, resource); forbid(principal, action in Sallyport::Action::"call", resource) when { context.arguments has any };'
  expect(outcome(presence, { any: [1] })).toBe('not_permitted')
  expect(outcome(presence, {})).toBe('allow')
})

test('actions on an upstream: list, read, subscribe, prompt, complete', () => {
  const of = engine(
    `permit(principal, action == Sallyport::Action::"list", resource == Sallyport::Upstream::"files");
     permit(principal, action in [Sallyport::Action::"read", Sallyport::Action::"subscribe"], resource) when { context.uri like "file:///docs/*" };
     permit(principal, action == Sallyport::Action::"prompt", resource in Sallyport::Upstream::"files") when { context.prompt == "greet" };
     permit(principal, action == Sallyport::Action::"complete", resource) when { context.ref == "greet" };`,
    tools,
  )
  const decide = (upstream: string, target: Parameters<typeof call>[1]) =>
    of.decide(ann, call(upstream, target), undefined, at).outcome
  expect(decide('files', { action: 'list' })).toBe('allow')
  expect(decide('bank', { action: 'list' })).toBe('deny')
  expect(decide('files', { action: 'read', uri: 'file:///docs/a' })).toBe('allow')
  expect(decide('files', { action: 'read', uri: 'file:///etc/passwd' })).toBe('deny')
  expect(decide('files', { action: 'subscribe', uri: 'file:///docs/a' })).toBe('allow')
  expect(decide('files', { action: 'prompt', prompt: 'greet' })).toBe('allow')
  expect(decide('files', { action: 'prompt', prompt: 'rob' })).toBe('deny')
  expect(decide('files', { action: 'complete', ref: 'greet' })).toBe('allow')
})

test('threat 63: leave to call a tool is no leave to read, to prompt or to complete', () => {
  const of = engine('permit(principal, action in Sallyport::Action::"call", resource);', tools)
  for (const target of [
    { action: 'list' },
    { action: 'read', uri: 'a:b' },
    { action: 'subscribe', uri: 'a:b' },
    { action: 'prompt', prompt: 'p' },
    { action: 'complete', ref: 'r' },
  ] as const) {
    expect(of.decide(ann, call('bank', target), undefined, at)).toMatchObject({
      outcome: 'deny',
      reason: 'not_permitted',
    })
  }
})

test('answers to what an upstream asked are seen', () => {
  const policies =
    'permit(principal, action, resource); forbid(principal, action in Sallyport::Action::"call", resource) when { context has inputResponses && context.inputResponses.actions.contains("decline") };'
  const of = engine(policies, tools)
  const answered = (action: string) => callOf(transfer, {}, { params: { inputResponses: { login: { action } } } })
  expect(of.decide(ann, answered('decline'), transfer, at).outcome).toBe('deny')
  expect(of.decide(ann, answered('accept'), transfer, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(transfer), transfer, at).outcome).toBe('allow')
})

test.each(['::ffff:192.0.2.7', '192.0.2.7'])('the peer %s is the same address', (peer) => {
  const of = engine('permit(principal, action, resource) when { context.network.peer == ip("192.0.2.7") };', tools)
  expect(of.decide(ann, callOf(transfer, {}, { peer }), transfer, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(transfer, {}, { peer: 'nonsense' }), transfer, at)).toMatchObject({
    reason: 'policy_error',
  })
  expect(of.decide(ann, callOf(transfer, {}, { peer: 'fe80::1%eth0' }), transfer, at)).toMatchObject({
    reason: 'not_permitted',
  })
})

test('the version names the policies: not their places or comments', () => {
  const version = (text: string) => engine(text, []).version
  expect(version('@id("a") permit(principal, action, resource);')).toBe(
    version('// c\n\n@id("a")\npermit(principal,action,resource);'),
  )
  expect(version('@id("a") permit(principal, action, resource);')).not.toBe(
    version('@id("a") forbid(principal, action, resource);'),
  )
  expect(version('@id("a") permit(principal, action, resource);')).not.toBe(
    version('@id("a") @approval("x, 1") permit(principal, action, resource);'),
  )
  expect(version('')).toMatch(/^[0-9a-f]{64}$/)
})

test('threat 65: an engine keeps its version and its answers, whatever is loaded beside it', () => {
  const old = engine('permit(principal, action, resource);', tools)
  const { version } = old
  const engines = Array.from({ length: 30 }, (_, i) =>
    engine(`@id("p${i}") forbid(principal, action, resource);`, tools),
  )
  for (const one of engines) expect(one.decide(ann, callOf(transfer), transfer, at).outcome).toBe('deny')
  expect(old.decide(principal(), callOf(transfer), transfer, at)).toMatchObject({ outcome: 'allow', version })
})

test('a decision that reads the principal alone is made once for each principal object', () => {
  const accepted = vi.fn((upstream: string, name: string) => new Shelf(tools).accepted(upstream, name))
  const of = engine('permit(principal, action, resource) when { context.scopes.contains("bank:write") };', tools)
  expect(accepted).not.toHaveBeenCalled()
  const first = of.decide(ann, callOf(transfer, { amount: 1 }), transfer, at)
  expect(of.decide(ann, callOf(transfer, { amount: 2 }), transfer, { now: 0 })).toBe(first)
  expect(of.decide(principal({ scopes: new Set() }), callOf(transfer), transfer, at).outcome).toBe('deny')
  expect(of.decide(ann, callOf(transfer), transfer, at)).toBe(first)
})

test.each([
  ['an argument', 'context.arguments has amount && context.arguments.amount < 5', { arguments: { amount: 9 } }, at],
  ['the peer', 'context.network.peer == ip("192.0.2.7")', { peer: '198.51.100.1', arguments: { amount: 1 } }, at],
  ['the time', 'context.now < datetime("2027-01-01")', { arguments: { amount: 1 } }, { now: Date.UTC(2028) }],
])('a decision that %s can change is made anew', (_, condition, more, when) => {
  const of = engine(
    `permit(principal, action == Sallyport::Action::"bank/transfer", resource) when { ${condition} };`,
    tools,
  )
  expect(of.decide(ann, callOf(transfer, { amount: 1 }), transfer, at).outcome).toBe('allow')
  expect(of.decide(ann, callOf(transfer, undefined, more), transfer, when).outcome).toBe('deny')
})
