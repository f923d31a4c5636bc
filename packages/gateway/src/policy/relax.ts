/** For lists, where the arguments are not known yet: what some argument could allow must not be hidden. Pure. */
import type { Expr, PolicyJson } from './cedar.ts'
import { operatorOf } from './expressions.ts'
import { expressionReadsPrincipalAlone } from './reads.ts'

/**
 * A policy that reads only what is known of the principal, and that lets through at least what `policy` lets through: a
 * permit loses every condition that reads anything else, a forbid with such a condition is left out altogether
 * (undefined). So whatever some call is allowed, the relaxed policies allow.
 */
export function relax(policy: PolicyJson): PolicyJson | undefined {
  const clauses = policy.conditions.flatMap(({ kind, body }) => {
    // `when { a && b }` is both; `unless { a || b }` is neither
    return split(body, kind === 'when' ? '&&' : '||').map((part) => ({ kind, body: part }))
  })
  const known = clauses.filter(({ body }) => expressionReadsPrincipalAlone(body))
  if (known.length === clauses.length) return policy
  return policy.effect === 'forbid' ? undefined : { ...policy, conditions: known }
}

function split(expr: Expr, junction: '&&' | '||'): readonly Expr[] {
  const [operator, operand] = operatorOf(expr)
  if (operator !== junction) return [expr]
  const { left, right } = operand as { left: Expr; right: Expr }
  return [...split(left, junction), ...split(right, junction)]
}
