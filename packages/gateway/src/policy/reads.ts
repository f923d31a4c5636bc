/** What a policy's conditions look at: so much and no more is passed to the engine. Pure. */
import type { Expr, PolicyJson } from './cedar.ts'
import { chainOf, entitiesInConditions, operandsOf } from './expressions.ts'
import { entitiesOf } from './scope.ts'
import { entityType, principalAttributes } from './vocabulary.ts'

/** How much is read of one attribute, and of those in it. */
export interface ReadNode {
  /** The value itself, with all that is in it. */
  readonly whole: boolean
  readonly within: ReadonlyMap<string, ReadNode>
}

export interface Reads {
  /** Of `context`. An attribute that is there with nothing read of it is asked for by `has` alone. */
  readonly context: ReadNode
  /** `identity` where more than its attributes counts. */
  readonly resource: 'nothing' | 'attributes' | 'identity'
  readonly action: boolean
  /** Ids of the groups that are named. */
  readonly groups: ReadonlySet<string>
  /** Ids of the actions that the conditions name. */
  readonly actions: ReadonlySet<string>
}

const nothing: ReadNode = { whole: false, within: new Map() }

export function readsOf(policy: PolicyJson): Reads {
  const named = [...entitiesInConditions(policy), ...entitiesOf(policy.principal)]
  const ids = (type: string) => new Set(named.filter((entity) => entity.type === type).map(({ id }) => id))
  const reads = policy.conditions.map(({ body }) => readsOfExpression(body))
  const actions = ids(entityType.action)
  const identity = named.some(({ type }) => type === entityType.tool || type === entityType.upstream)
  return {
    context: reads.map(({ context }) => context).reduce(mergeNodes, nothing),
    resource: identity ? 'identity' : reads.map(({ resource }) => resource).reduce(more, 'nothing'),
    action: actions.size > 0 || reads.some(({ action }) => action),
    groups: ids(entityType.group),
    actions,
  }
}

type ExpressionReads = Pick<Reads, 'context' | 'resource' | 'action'>

function readsOfExpression(expr: Expr): ExpressionReads {
  const chain = chainOf(expr)
  if (chain === undefined) {
    return operandsOf(expr)
      .map(readsOfExpression)
      .reduce(mergeExpressions, { context: nothing, resource: 'nothing', action: false })
  }
  const { variable, path, presence } = chain
  return {
    context: variable === 'context' ? nodeAt(path, !presence) : nothing,
    resource: variable !== 'resource' ? 'nothing' : path.length === 0 ? 'identity' : 'attributes',
    action: variable === 'action',
  }
}

function mergeExpressions(a: ExpressionReads, b: ExpressionReads): ExpressionReads {
  return {
    context: mergeNodes(a.context, b.context),
    resource: more(a.resource, b.resource),
    action: a.action || b.action,
  }
}

export function mergeReads(a: Reads, b: Reads): Reads {
  return { ...mergeExpressions(a, b), groups: a.groups.union(b.groups), actions: a.actions.union(b.actions) }
}

function more(a: Reads['resource'], b: Reads['resource']): Reads['resource'] {
  if (a === 'identity' || b === 'identity') return 'identity'
  return a === 'nothing' ? b : a
}

function nodeAt(path: readonly string[], whole: boolean): ReadNode {
  const [first, ...rest] = path
  return first === undefined
    ? { whole, within: new Map() }
    : { whole: false, within: new Map([[first, nodeAt(rest, whole)]]) }
}

export function mergeNodes(a: ReadNode, b: ReadNode): ReadNode {
  const within = new Map(a.within)
  for (const [key, node] of b.within) {
    const other = within.get(key)
    within.set(key, other === undefined ? node : mergeNodes(other, node))
  }
  return { whole: a.whole || b.whole, within }
}

/** Whether all that is read of the context is known of the principal, before there is a call. */
export function readsPrincipalAlone({ context }: Pick<Reads, 'context'>): boolean {
  return !context.whole && [...context.within.keys()].every((key) => Object.hasOwn(principalAttributes, key))
}

export function readsArguments({ context }: Pick<Reads, 'context'>): boolean {
  return context.whole || context.within.has('arguments')
}

export function expressionReadsPrincipalAlone(expr: Expr): boolean {
  return readsPrincipalAlone(readsOfExpression(expr))
}
