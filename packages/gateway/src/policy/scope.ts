/** The heads of policies: what they name, and whether they can apply to an action on a resource. Pure. */
import type { PolicyJson, TypeAndId } from './cedar.ts'
import { callGroup, entityType } from './vocabulary.ts'

type Constraint = PolicyJson['principal'] | PolicyJson['action'] | PolicyJson['resource']

/** Entities that a constraint names; for `action`, each of `in [ … ]`. */
export function entitiesOf(constraint: Constraint): readonly TypeAndId[] {
  if ('entities' in constraint) return constraint.entities.map(plain)
  if ('entity' in constraint) return [plain(constraint.entity)]
  return 'in' in constraint && constraint.in !== undefined && 'entity' in constraint.in
    ? [plain(constraint.in.entity)]
    : []
}

export function typeOf(constraint: Constraint): string | undefined {
  return constraint.op === 'is' ? constraint.entity_type : undefined
}

function plain(entity: TypeAndId | { readonly __entity: TypeAndId }): TypeAndId {
  return '__entity' in entity ? entity.__entity : entity
}

/** One action on one resource. */
export interface Aim {
  readonly upstream: string
  /** Id of the action; `{upstream}/{tool}` for a tool. */
  readonly action: string
  /** Undefined for actions on an upstream as a whole. */
  readonly tool: string | undefined
}

/** Whether the heads of action and resource hold. The principal is not looked at. */
export function aimsAt(policy: PolicyJson, aim: Aim): boolean {
  return actionHolds(policy.action, aim) && resourceHolds(policy.resource, aim)
}

function actionHolds(constraint: PolicyJson['action'], aim: Aim): boolean {
  if (constraint.op === 'All') return true
  return entitiesOf(constraint).some(({ type, id }) => {
    if (type !== entityType.action) return false
    return id === aim.action || (constraint.op === 'in' && id === callGroup && aim.tool !== undefined)
  })
}

function resourceHolds(constraint: PolicyJson['resource'], aim: Aim): boolean {
  const type = aim.tool === undefined ? entityType.upstream : entityType.tool
  const id = aim.tool === undefined ? aim.upstream : `${aim.upstream}/${aim.tool}`
  if (constraint.op === 'is' && constraint.entity_type !== type) return false
  const named = entitiesOf(constraint)
  if (named.length === 0) return true
  return named.some((entity) => {
    if (entity.type === type && entity.id === id) return true
    return constraint.op !== '==' && entity.type === entityType.upstream && entity.id === aim.upstream
  })
}
