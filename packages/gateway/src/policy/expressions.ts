/** Reads the JSON form of Cedar policies (`policyToJson`). Pure. */
import type { Expr, PolicyJson, TypeAndId } from './cedar.ts'

/** An expression has one key, the operator; extension functions are called by name, with an array. */
type Operation = Readonly<Record<string, unknown>>

export function operatorOf(expr: Expr): readonly [operator: string, operand: unknown] {
  const [entry] = Object.entries(expr as Operation)
  if (entry === undefined) throw new Error('an expression without an operator')
  return entry
}

/** The expressions right below this one. */
export function operandsOf(expr: Expr): readonly Expr[] {
  const [operator, operand] = operatorOf(expr)
  if (operator === 'Value' || operator === 'Var' || operator === 'Slot') return []
  if (Array.isArray(operand)) return operand
  if (operator === 'Record') return Object.values(operand as Record<string, Expr>)
  const {
    left,
    right,
    arg,
    if: test,
    then,
    else: otherwise,
    in: container,
  } = operand as Record<string, Expr | undefined>
  return [left, right, arg, test, then, otherwise, container].filter((part) => part !== undefined)
}

/**
 * The chain of attributes that an expression reads from a variable: `context.arguments.amount`. `presence` where it asks
 * with `has` whether the last one is there. Undefined where it is no such chain.
 */
export function chainOf(
  expr: Expr,
): { readonly variable: string; readonly path: readonly string[]; readonly presence: boolean } | undefined {
  const [operator, operand] = operatorOf(expr)
  if (operator === 'Var') return { variable: operand as string, path: [], presence: false }
  if (operator !== '.' && operator !== 'has') return undefined
  const { left, attr } = operand as { left: Expr; attr: string | string[] }
  const inner = chainOf(left)
  if (inner === undefined || inner.presence) return undefined
  return { variable: inner.variable, path: [...inner.path, attr].flat(), presence: operator === 'has' }
}

/** Entities that the conditions name, in the order they stand in. */
export function entitiesInConditions(policy: PolicyJson): readonly TypeAndId[] {
  const found: TypeAndId[] = []
  const visit = (expr: Expr): void => {
    const [operator, operand] = operatorOf(expr)
    if (operator === 'Value') collect(operand, found)
    for (const inner of operandsOf(expr)) visit(inner)
  }
  for (const { body } of policy.conditions) visit(body)
  return found
}

function collect(value: unknown, found: TypeAndId[]): void {
  if (typeof value !== 'object' || value === null) return
  if ('__entity' in value) found.push(value.__entity as TypeAndId)
  else for (const inner of Object.values(value)) collect(inner, found)
}

/** Entity types that the conditions name with `is`. */
export function typesInConditions(policy: PolicyJson): readonly string[] {
  const found: string[] = []
  const visit = (expr: Expr): void => {
    const [operator, operand] = operatorOf(expr)
    if (operator === 'is') found.push((operand as { entity_type: string }).entity_type)
    for (const inner of operandsOf(expr)) visit(inner)
  }
  for (const { body } of policy.conditions) visit(body)
  return found
}
