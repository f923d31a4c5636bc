import type { Approvers, Decision } from './decision.ts'

export interface DeterminingPolicy {
  readonly id: string
  /** Whom a permit asks first. */
  readonly approvers: Approvers | undefined
}

/** What the engine said, with the annotations of the policies that determined it. */
export interface CedarAnswer {
  readonly decision: 'allow' | 'deny'
  readonly determining: readonly DeterminingPolicy[]
  readonly errors: readonly string[]
}

/**
 * A pure decision. Cedar skips a policy that errs, so a broken `forbid` would allow: any error denies. Where any permit
 * that applies asks with `@approval`, it is asked, also beside permits that ask nobody: a broad permit must not lift what
 * a narrower one demands. All whom these permits ask are asked.
 */
export function decideAnswer(answer: CedarAnswer, version: string): Decision {
  const policies = answer.determining.map(({ id }) => id)
  if (answer.errors.length > 0)
    return { outcome: 'deny', reason: 'policy_error', policies, version, errors: answer.errors }
  if (answer.decision === 'deny') return { outcome: 'deny', reason: 'not_permitted', policies, version, errors: [] }
  if (policies.length === 0) {
    return {
      outcome: 'deny',
      reason: 'policy_error',
      policies,
      version,
      errors: ['an allow that no policy determined'],
    }
  }
  const asked = answer.determining.flatMap(({ approvers }) => approvers ?? [])
  if (asked.length > 0) return { outcome: 'require_approval', approvers: merge(asked), policies, version }
  return { outcome: 'allow', policies, version }
}

/** Of two asks for the same group, the larger covers both. */
function merge(asked: readonly Approvers[]): readonly Approvers[] {
  const groups = new Map<string, number>()
  for (const { group, count } of asked) groups.set(group, Math.max(count, groups.get(group) ?? 0))
  return [...groups].map(([group, count]) => ({ group, count }))
}
