/** The policies that can apply to one action on one resource, ready for the engine. */
import type { Principal } from '@sallyport/guard'
import type { AcceptedTool } from '../catalogue/port.ts'
import type { Part } from './analysed.ts'
import { type Plan, planFor, planType } from './argument-plan.ts'
import type { RecordArgument } from './argument-types.ts'
import type { EntityJson, Prepared, TypeAndId } from './cedar.ts'
import type { Decision } from './decision.ts'
import { mergeReads, type ReadNode, type Reads, readsPrincipalAlone } from './reads.ts'
import type { ContextPlan } from './request.ts'
import type { Aim } from './scope.ts'
import { toolAttributes } from './tool-attributes.ts'
import { type ContextAttributes, contextAttributes, entityType, schemaFor, type UpstreamAction } from './vocabulary.ts'

/** What a slice is made for. */
export interface Subject extends Aim {
  readonly kind: 'call' | UpstreamAction
  readonly definition: AcceptedTool | undefined
  readonly argumentsType: RecordArgument
}

export interface Slice {
  readonly parts: readonly Part[]
  readonly prepared: Prepared
  readonly action: TypeAndId
  readonly resource: TypeAndId
  readonly entities: readonly EntityJson[]
  readonly groups: ReadonlySet<string>
  readonly plan: ContextPlan
  /** By principal; undefined where something but the principal is read. */
  readonly decisions: WeakMap<Principal, Decision> | undefined
}

/** Stands for any tool or upstream in slices that do not look at which one it is: many tools then share one slice. */
const anyone = 'any/one'

/** Equal for subjects whose slices are the same, and so can be one. */
export function sliceKey(parts: readonly Part[], subject: Subject): string {
  const { action, resource, entities, context } = outline(parts, subject)
  return JSON.stringify([parts.map(({ key }) => key), subject.kind, action, resource, entities, context])
}

export function makeSlice(parts: readonly Part[], subject: Subject): Slice {
  const { reads, action, resource, entities, plan, context } = outline(parts, subject)
  return {
    parts,
    prepared: {
      policies: Object.fromEntries(parts.map(({ source, json }) => [source.id, json])),
      schema: schemaFor(action.id, subject.kind === 'call', context, reads.actions),
    },
    action,
    resource,
    entities,
    groups: reads.groups,
    plan,
    decisions: readsPrincipalAlone(reads) ? new WeakMap() : undefined,
  }
}

function outline(parts: readonly Part[], subject: Subject) {
  const reads = parts.map((part) => part.reads).reduce(mergeReads, nothing)
  const action = { type: entityType.action, id: reads.action ? subject.action : anyone }
  const { plan, context } = contextFor(reads, subject)
  return { reads, action, plan, context, ...resourceFor(reads, subject) }
}

const nothing: Reads = {
  context: { whole: false, within: new Map() },
  resource: 'nothing',
  action: false,
  groups: new Set(),
  actions: new Set(),
}

function resourceFor(
  reads: Reads,
  { upstream, tool, definition }: Subject,
): { resource: TypeAndId; entities: EntityJson[] } {
  const identity = reads.resource === 'identity'
  if (tool === undefined)
    return { resource: { type: entityType.upstream, id: identity ? upstream : anyone }, entities: [] }
  const resource = { type: entityType.tool, id: identity ? `${upstream}/${tool}` : anyone }
  if (reads.resource === 'nothing' || definition === undefined) return { resource, entities: [] }
  const parents = identity ? [{ type: entityType.upstream, id: upstream }] : []
  return { resource, entities: [{ uid: resource, attrs: toolAttributes(definition), parents }] }
}

function contextFor(reads: Reads, { kind, argumentsType }: Subject): { plan: ContextPlan; context: ContextAttributes } {
  const plan = new Map<string, Plan>()
  const context: Record<string, ContextAttributes[string]> = {}
  const every: ReadNode = { whole: true, within: new Map() }
  for (const [attribute, type] of Object.entries(contextAttributes(kind, { type: 'Record', attributes: {} }))) {
    const node = reads.context.whole ? every : reads.context.within.get(attribute)
    if (node === undefined) continue
    const inner = planFor(node, argumentsType)
    const passed = attribute === 'arguments' ? planType(inner) : type
    plan.set(attribute, inner)
    if (passed !== undefined) context[attribute] = { ...passed, required: type.required ?? true }
  }
  return { plan, context }
}
