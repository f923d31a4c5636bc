/** Slices, reads and lists against the engine asked plainly: every policy, every entity, every attribute. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { Principal } from '@sallyport/guard'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AcceptedTool } from '../../src/catalogue/port.ts'
import type { JsonObject } from '../../src/mcp/call.ts'
import { parsePolicies } from '../../src/policy/parse-policies.ts'
import { at, callOf, engine, issuer, principal, tool } from './given.ts'

const transfer = tool('bank/transfer', {
  amount: { type: 'integer' },
  to: { type: 'string' },
  urgent: { type: 'boolean' },
})
const refund = tool('bank/refund', { amount: { type: 'integer' } }, { annotations: { destructiveHint: false } })
const read = tool('files/read', { path: { type: 'string' } }, { annotations: { readOnlyHint: true } })
const tools = [transfer, refund, read]

const principals: fc.Arbitrary<Principal> = fc
  .record({
    subject: fc.constantFrom('ann', 'bob'),
    groups: fc.subarray(['finance', 'ops']),
    scopes: fc.subarray(['a', 'b']).map((scopes) => new Set(scopes)),
    alone: fc.boolean(),
  })
  .map(({ alone, ...of }) => principal(alone ? { ...of, person: undefined } : of))

const args: fc.Arbitrary<JsonObject> = fc.record(
  {
    amount: fc.integer({ min: 0, max: 10 }),
    to: fc.constantFrom('x', 'y'),
    urgent: fc.boolean(),
    path: fc.constantFrom('/etc/a', '/docs'),
  },
  { requiredKeys: [] },
)

const head = {
  principal: [
    'principal',
    `principal in Sallyport::Group::"${issuer}|finance"`,
    'principal is Sallyport::Agent',
    `principal == Sallyport::Person::"${issuer}|ann"`,
  ],
  action: [
    'action',
    'action in Sallyport::Action::"call"',
    'action == Sallyport::Action::"bank/transfer"',
    'action in [Sallyport::Action::"bank/refund", Sallyport::Action::"files/read"]',
  ],
  resource: [
    'resource',
    'resource in Sallyport::Upstream::"bank"',
    'resource == Sallyport::Tool::"files/read"',
    'resource is Sallyport::Tool in Sallyport::Upstream::"files"',
  ],
}
const atoms = [
  'context.scopes.contains("a")',
  'resource.readOnly',
  'resource.risk == "medium"',
  'action == Sallyport::Action::"bank/transfer"',
  'resource in Sallyport::Upstream::"bank"',
  `principal in Sallyport::Group::"${issuer}|ops"`,
  'context.arguments has amount && context.arguments.amount < 5',
  'context.arguments has urgent',
  'context.arguments has path && context.arguments.path like "/etc/*"',
  'context.network.peer == ip("192.0.2.7")',
  'context has inputResponses',
]
const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...atoms).map((atom) => `(${atom})`),
    fc.tuple(tie('node'), fc.constantFrom('&&', '||'), tie('node')).map(([a, by, b]) => `(${a} ${by} ${b})`),
    tie('node').map((a) => `!${a}`),
    fc.tuple(tie('node'), tie('node'), tie('node')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
})).node
const clause = fc.tuple(fc.constantFrom('when', 'unless'), expression).map(([kind, body]) => `${kind} { ${body} }`)
const policy = fc
  .tuple(
    fc.constantFrom('permit', 'permit', 'forbid'),
    fc.constantFrom(...head.principal),
    fc.constantFrom(...head.action),
    fc.constantFrom(...head.resource),
    fc.array(clause, { maxLength: 2 }),
  )
  .map(([effect, who, what, where, clauses]) => `${effect}(${who}, ${what}, ${where}) ${clauses.join(' ')};`)

/** Heads that can hold for nothing are problems of their own. */
const usable = policy.filter((text) => parsePolicies('test.cedar', text).problems.length === 0)

/** The engine with everything, without a schema: types do not matter to what is evaluated. */
function plainly(
  text: string,
  of: Principal,
  { upstream, name, ...definition }: AcceptedTool,
  passed: JsonObject,
  now: number,
) {
  const parsed = parsePolicies('test.cedar', text).policies
  const agent = { type: 'Sallyport::Agent', id: `${of.agent.issuer}|${of.agent.clientId}` }
  const uid =
    of.person === undefined ? agent : { type: 'Sallyport::Person', id: `${of.person.issuer}|${of.person.subject}` }
  const resource = { type: 'Sallyport::Tool', id: `${upstream}/${name}` }
  const action = { type: 'Sallyport::Action', id: `${upstream}/${name}` }
  const { readOnly, destructive } = definition
  const answer = cedar.isAuthorized({
    principal: uid,
    action,
    resource,
    context: {
      arguments: passed as Record<string, cedar.CedarValueJson>,
      scopes: [...of.scopes],
      agent: { __entity: agent },
      actors: [],
      auth: { kind: of.kind, audience: of.audience },
      network: { peer: { __extn: { fn: 'ip', arg: '192.0.2.7' } } },
      now: { __extn: { fn: 'datetime', arg: new Date(now).toISOString() } },
    },
    policies: { staticPolicies: Object.fromEntries(parsed.map(({ id, json }) => [id, json])) },
    entities: [
      {
        uid,
        attrs: {},
        parents: (of.person?.groups ?? []).map((group) => ({ type: 'Sallyport::Group', id: `${issuer}|${group}` })),
      },
      { uid: action, attrs: {}, parents: [{ type: 'Sallyport::Action', id: 'call' }] },
      {
        uid: resource,
        attrs: { readOnly, destructive, risk: readOnly ? 'low' : destructive ? 'high' : 'medium', tags: [] },
        parents: [{ type: 'Sallyport::Upstream', id: upstream }],
      },
    ],
  })
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message)
  return answer.response
}

/** Arguments that the tool declares: what it does not is a case of its own. */
function declared(of: AcceptedTool, values: JsonObject): JsonObject {
  const schema = of.definition['inputSchema'] as { properties: JsonObject }
  return Object.fromEntries(Object.entries(values).filter(([key]) => key in schema.properties))
}

test('a slice decides as the whole policy set does, and a list hides nothing that a call would be allowed', () => {
  fc.assert(
    fc.property(
      fc.array(usable, { minLength: 1, maxLength: 4 }),
      principals,
      args,
      fc.constantFrom(...tools),
      (texts, of, values, one) => {
        const text = texts.join('\n')
        const whole = engine(text, tools)
        const passed = declared(one, values)
        const decision = whole.decide(of, callOf(one, passed), one, at)
        const plain = plainly(text, of, one, passed, at.now)
        expect(plain.diagnostics.errors).toEqual([])
        expect(decision.outcome).toBe(plain.decision)
        expect(decision.policies.toSorted()).toEqual(plain.diagnostics.reason.toSorted())
        expect(whole.decide(of, callOf(one, passed), one, at)).toEqual(decision)
        if (decision.outcome === 'allow') expect(whole.couldAllow(of, one)).toBe(true)
      },
    ),
    { numRuns: 200 },
  )
}, 60_000)

test('a policy is the same as JSON, which is how it is stored, as it was as text', () => {
  fc.assert(
    fc.property(policy, (text) => {
      const first = cedar.policyToJson(text)
      if (first.type === 'failure') throw new Error(text)
      const back = cedar.policyToText(first.json)
      expect(back.type === 'success' && cedar.policyToJson(back.text)).toEqual(first)
    }),
    { numRuns: 100 },
  )
})
