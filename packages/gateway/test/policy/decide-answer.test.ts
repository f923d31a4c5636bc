import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DeterminingPolicy, decideAnswer } from '../../src/policy/decide-answer.ts'

const permit: DeterminingPolicy = { id: 'p', approvers: undefined }
const asks = (group: string, count: number): DeterminingPolicy => ({
  id: `ask-${group}-${count}`,
  approvers: { group, count },
})

test.each<[string, 'allow' | 'deny', DeterminingPolicy[], string[], string]>([
  ['one permit', 'allow', [permit], [], 'allow'],
  ['a permit that asks a human', 'allow', [asks('ops', 1)], [], 'require_approval'],
  ['a permit that asks, beside one that does not', 'allow', [asks('ops', 1), permit], [], 'require_approval'],
  ['a permit that does not, beside one that asks', 'allow', [permit, asks('ops', 1)], [], 'require_approval'],
  ['a permit beside a broken policy', 'allow', [permit], ['broken'], 'deny'],
  ['a permit that asks beside a broken policy', 'allow', [asks('ops', 1)], ['broken'], 'deny'],
  ['a forbid', 'deny', [permit], [], 'deny'],
  ['nothing', 'deny', [], [], 'deny'],
  ['an allow that nothing determined', 'allow', [], [], 'deny'],
])('%s', (_, decision, determining, errors, outcome) => {
  expect(decideAnswer({ decision, determining, errors }, 'v').outcome).toBe(outcome)
})

test('all whom every ask names are asked; of two asks for one group the larger counts', () => {
  const decision = decideAnswer(
    { decision: 'allow', determining: [asks('ops', 1), asks('finance', 2), asks('ops', 3)], errors: [] },
    'v',
  )
  expect(decision).toMatchObject({
    approvers: [
      { group: 'ops', count: 3 },
      { group: 'finance', count: 2 },
    ],
  })
})

test('what one permit asks, no other permit lifts', () => {
  const permits = fc.array(fc.constantFrom(permit, asks('ops', 1), asks('finance', 2)), { minLength: 1 })
  fc.assert(
    fc.property(permits, (determining) => {
      const decision = decideAnswer({ decision: 'allow', determining, errors: [] }, 'v')
      const asking = determining.flatMap(({ approvers }) => approvers ?? [])
      if (asking.length === 0) expect(decision.outcome).toBe('allow')
      else expect(decision).toMatchObject({ approvers: expect.arrayContaining(asking) })
    }),
  )
})

test('threat 64: whatever else is said, an error denies', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('allow' as const, 'deny' as const),
      fc.array(fc.constantFrom(permit, asks('ops', 1))),
      fc.array(fc.string(), { minLength: 1 }),
      (decision, determining, errors) => {
        expect(decideAnswer({ decision, determining, errors }, 'v')).toMatchObject({
          outcome: 'deny',
          reason: 'policy_error',
        })
      },
    ),
  )
})
