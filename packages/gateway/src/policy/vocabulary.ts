/** The words that policies are written in (design, "Cedar vocabulary"). Pure. */
import type { SchemaJson, Type, TypeAndId } from './cedar.ts'

export const namespace = 'Sallyport'

export const entityType = {
  person: `${namespace}::Person`,
  agent: `${namespace}::Agent`,
  group: `${namespace}::Group`,
  upstream: `${namespace}::Upstream`,
  tool: `${namespace}::Tool`,
  action: `${namespace}::Action`,
} as const

/** The group that the action of every tool is in. */
export const callGroup = 'call'

/** Actions on an upstream as a whole. */
export type UpstreamAction = 'list' | 'read' | 'subscribe' | 'prompt' | 'complete'
export const upstreamActions: ReadonlySet<string> = new Set<UpstreamAction>([
  'list',
  'read',
  'subscribe',
  'prompt',
  'complete',
])

const text: Type<string> = { type: 'String' }
const texts: Type<string> = { type: 'Set', element: text }
const record = (attributes: Record<string, Type<string> & { required?: boolean }>): Type<string> => ({
  type: 'Record',
  attributes,
})

/** Attributes of every context that come from the principal alone: they are known before there is a call. */
export const principalAttributes: Readonly<Record<string, Type<string>>> = {
  scopes: texts,
  agent: { type: 'Entity', name: 'Agent' },
  actors: texts,
  auth: record({ kind: text, audience: text }),
}

/** And those that come from the moment. */
const momentAttributes: Readonly<Record<string, Type<string>>> = {
  network: record({ peer: { type: 'Extension', name: 'ipaddr' } }),
  now: { type: 'Extension', name: 'datetime' },
}

const targetAttributes: Readonly<Record<UpstreamAction, Readonly<Record<string, Type<string>>>>> = {
  list: {},
  read: { uri: text },
  subscribe: { uri: text },
  prompt: { prompt: text },
  complete: { ref: text },
}

/** Of a call whose client answers what the upstream asked (MCP 2026-07-28, Multi Round-Trip Requests). */
const inputResponses: Type<string> & { required?: boolean } = {
  ...record({ keys: texts, actions: texts }),
  required: false,
}

export type ContextAttributes = Readonly<Record<string, Type<string> & { required?: boolean }>>

/** @param argumentsType of a tool's arguments; left out for an action on an upstream. */
export function contextAttributes(action: UpstreamAction | 'call', argumentsType: Type<string>): ContextAttributes {
  const common = { ...principalAttributes, ...momentAttributes }
  return action === 'call'
    ? { ...common, arguments: argumentsType, inputResponses }
    : { ...common, ...targetAttributes[action] }
}

/** The schema in which one action, and no other, applies. @param named further actions that policies mention. */
export function schemaFor(
  action: string,
  tool: boolean,
  context: ContextAttributes,
  named: Iterable<string> = [],
): SchemaJson<string> {
  const actions: SchemaJson<string>[string]['actions'] = { [callGroup]: {} }
  for (const id of named) actions[id] = {}
  const resourceTypes = [tool ? 'Tool' : 'Upstream']
  actions[action] = {
    ...(tool ? { memberOf: [{ id: callGroup }] } : {}),
    appliesTo: { principalTypes: ['Person', 'Agent'], resourceTypes, context: record({ ...context }) },
  }
  const flag: Type<string> = { type: 'Boolean' }
  return {
    [namespace]: {
      entityTypes: {
        Person: { memberOfTypes: ['Group'] },
        Agent: {},
        Group: {},
        Upstream: {},
        Tool: {
          memberOfTypes: ['Upstream'],
          shape: record({ risk: text, tags: texts, readOnly: flag, destructive: flag }),
        },
      },
      actions,
    },
  }
}

/** The tool that an entity id `{upstream}/{tool}` names, as a `Tool` or as its action. */
export function toolOf({ type, id }: TypeAndId): { readonly upstream: string; readonly tool: string } | undefined {
  if (type !== entityType.tool && type !== entityType.action) return undefined
  const slash = id.indexOf('/')
  return slash < 1 || slash === id.length - 1 ? undefined : { upstream: id.slice(0, slash), tool: id.slice(slash + 1) }
}
