import { afterAll, expect, test } from 'vitest'
import { createCatalogue, createSchemaCompiler } from '../../src/catalogue/index.ts'
import type { JsonObject } from '../../src/mcp/call.ts'
import { createPolicyEngine } from '../../src/policy/index.ts'
import { parsePolicies } from '../../src/policy/parse-policies.ts'
import { memoryStore } from '../catalogue/memory-store.ts'
import { at, callOf, principal } from './given.ts'

const compiler = createSchemaCompiler({ timeLimitMs: 20_000 })
afterAll(() => compiler.stop())

const transfer = (type: string): JsonObject => ({
  name: 'transfer',
  inputSchema: { type: 'object', properties: { amount: { type } }, required: ['amount'] },
})

test('threats 60 and 61: from a first list over a change to its acceptance, no call is decided by the wrong definition', async () => {
  let time = 0
  const now = () => (time += 1)
  const catalogue = await createCatalogue({ store: memoryStore(), tenant: 'default', now, compiler })
  const { policies } = parsePolicies(
    'p.cedar',
    'permit(principal, action, resource); @id("cap") forbid(principal, action == Sallyport::Action::"bank/transfer", resource) when { context.arguments.amount > 5 };',
  )
  const policy = createPolicyEngine({
    policies,
    catalogue,
    config: { upstreams: [{ name: 'bank' }] },
    tenant: 'default',
  })
  const ann = principal()
  expect(policy.warnings()).toHaveLength(1)

  const [first] = (await catalogue.learn('bank', [transfer('integer')], true)).accepted
  if (first === undefined) throw new Error('not accepted')
  expect(policy.warnings()).toEqual([])
  const decide = (amount: number) =>
    policy.decide(ann, callOf(first, { amount }), catalogue.accepted('bank', 'transfer'), at)
  expect(decide(5).outcome).toBe('allow')
  expect(decide(6)).toMatchObject({ outcome: 'deny', policies: ['cap'] })
  expect(policy.couldAllow(ann, first)).toBe(true)

  const changed = transfer('number')
  const [pending] = (await catalogue.learn('bank', [changed], true)).pending
  expect(policy.decide(ann, callOf(first, { amount: 1 }), first, at)).toMatchObject({ reason: 'policy_inactive' })
  expect(decide(1)).toMatchObject({ reason: 'policy_inactive' })

  // the policy compares with an integer, which a number is not
  expect(await catalogue.accept('bank', 'transfer', pending?.hash ?? '')).toBeUndefined()
  expect(decide(1)).toMatchObject({ reason: 'policy_error' })
  expect(policy.warnings()).toEqual([expect.stringContaining('policy `cap` for tool `bank/transfer`')])
})
