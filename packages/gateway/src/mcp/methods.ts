/** The methods that a client may use, by era, and the shape of their params. What is not here is unknown: -32601. */
import type { Era, JsonObject, JsonValue, Target } from './call.ts'
import { isId, isObject } from './message.ts'
import { logLevels } from './meta.ts'
import { nameFault, uriFault } from './names.ts'

/** What is wrong with a value, to follow `params.x is `; undefined where nothing is. */
export type Check = (value: JsonValue) => string | undefined

export interface Member {
  readonly check: Check
  readonly required: boolean
  /** What the upstream gets where it is not the very value. */
  readonly rebuild?: (value: JsonValue) => JsonValue
}

export interface Method {
  readonly kind: 'request' | 'notification'
  readonly members: Readonly<Record<string, Member>>
  /** What policy decides upon; only after every member was checked. */
  readonly target: (params: JsonObject) => Target
  /** The member that `Mcp-Name` mirrors (MCP 2026-07-28, Streamable HTTP, Standard Request Headers). */
  readonly named?: 'name' | 'uri'
}

const need = (check: Check): Member => ({ check, required: true })
const may = (check: Check): Member => ({ check, required: false })

const object: Check = (value) => (isObject(value) ? undefined : 'not an object')
const text: Check = (value) => (typeof value === 'string' ? undefined : 'not a string')
const version: Check = (value) => (typeof value === 'string' && value.length <= 64 ? undefined : 'not a version')
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'not a boolean')
const number: Check = (value) => (typeof value === 'number' ? undefined : 'not a number')
const id: Check = (value) => (isId(value) ? undefined : 'neither a string nor an integer')
const name: Check = (value) => (typeof value === 'string' ? nameFault(value) : 'not a string')
const uri: Check = (value) => (typeof value === 'string' ? uriFault(value) : 'not a string')
const logLevel: Check = (value) => (logLevels.includes(value) ? undefined : 'not a log level')
const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) ? first(Object.values(value), check) : 'not an object'

const strings = mapOf(text)

/** A client's answers to a server's questions. Each is a result and may carry `_meta`, which is left out. */
const inputResponses: Member = {
  check: mapOf(object),
  required: false,
  rebuild: (value) =>
    Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, answer]) => [key, withoutMeta(answer as JsonObject)]),
    ),
}

const filter: Check = (value) => {
  if (!isObject(value)) return 'not an object'
  const {
    toolsListChanged = false,
    promptsListChanged = false,
    resourcesListChanged = false,
    resourceSubscriptions = [],
  } = value
  const notFlag = first([toolsListChanged, promptsListChanged, resourcesListChanged], flag)
  if (notFlag !== undefined) return `a filter with a member that is ${notFlag}`
  if (!Array.isArray(resourceSubscriptions)) return 'a filter whose `resourceSubscriptions` is not an array'
  if (resourceSubscriptions.length > 1) return 'a filter of several resources; listen to each with a request of its own'
  const fault = first(resourceSubscriptions, uri)
  return fault === undefined ? undefined : `a filter with a URI that is ${fault}`
}

const filterKeys = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged', 'resourceSubscriptions']

/**
 * What a completion is for. Rebuilt by its type, so that what policy reads is what the upstream acts upon: a prompt's
 * reference passes no `uri`, and a resource's no `name`.
 */
const reference: Member = {
  check: (value) => {
    if (!isObject(value)) return 'not an object'
    const { type, name: prompt = null, title = '', uri: resource = null } = value
    if (type !== 'ref/prompt' && type !== 'ref/resource') return 'neither `ref/prompt` nor `ref/resource`'
    const fault = type === 'ref/prompt' ? (name(prompt) ?? text(title)) : uri(resource)
    return fault === undefined ? undefined : `a reference that is ${fault}`
  },
  required: true,
  rebuild: (value) => {
    const given = value as JsonObject
    return pick(given, given['type'] === 'ref/prompt' ? ['type', 'name', 'title'] : ['type', 'uri'])
  },
}

const list = (): Target => ({ action: 'list' })
const lists: Method = { kind: 'request', members: { cursor: may(text) }, target: list }
const bare: Method = { kind: 'request', members: {}, target: list }
const told: Method = { kind: 'notification', members: {}, target: list }

const complete: Method = {
  kind: 'request',
  members: {
    ref: reference,
    argument: {
      check: (value) =>
        isObject(value) ? (name(value['name'] ?? null) ?? text(value['value'] ?? null)) : 'not an object',
      required: true,
      rebuild: (value) => pick(value as JsonObject, ['name', 'value']),
    },
    context: {
      check: (value) => (isObject(value) ? strings(value['arguments'] ?? {}) : 'not an object'),
      required: false,
      rebuild: (value) => pick(value as JsonObject, ['arguments']),
    },
  },
  target: ({ ref }) => {
    const { name, uri } = ref as { name?: string; uri?: string }
    return { action: 'complete', ref: name ?? uri ?? '' }
  },
}

const callTool: Method = {
  kind: 'request',
  members: { name: need(name), arguments: may(object) },
  target: (params) => ({ action: 'call', tool: params['name'] as string }),
  named: 'name',
}

const read: Method = {
  kind: 'request',
  members: { uri: need(uri) },
  target: (params) => ({ action: 'read', uri: params['uri'] as string }),
  named: 'uri',
}

const getPrompt: Method = {
  kind: 'request',
  members: { name: need(name), arguments: may(strings) },
  target: (params) => ({ action: 'prompt', prompt: params['name'] as string }),
  named: 'name',
}

const subscribe: Method = {
  kind: 'request',
  members: { uri: need(uri) },
  target: (params) => ({ action: 'subscribe', uri: params['uri'] as string }),
}

/**
 * Policy decides upon one resource, so a stream may name one at most; a client that follows several opens several, which
 * the specification provides for. Without a resource it only tells that lists changed, and counts as a list.
 */
const listen: Method = {
  kind: 'request',
  members: { notifications: { ...need(filter), rebuild: (value) => pick(value as JsonObject, filterKeys) } },
  target: ({ notifications }) => {
    const uri = (notifications as { resourceSubscriptions?: string[] }).resourceSubscriptions?.[0]
    return uri === undefined ? list() : { action: 'subscribe', uri }
  },
}

/** Multi round-trip requests (MCP 2026-07-28): what a client adds when it tries again. */
const again = (method: Method): Method => ({
  ...method,
  members: { ...method.members, inputResponses, requestState: may(text) },
})

const common: readonly (readonly [string, Method])[] = [
  ['tools/list', lists],
  ['prompts/list', lists],
  ['resources/list', lists],
  ['resources/templates/list', lists],
  ['completion/complete', complete],
]

export const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  modern: new Map([
    ...common,
    ['server/discover', bare],
    ['tools/call', again(callTool)],
    ['resources/read', again(read)],
    ['prompts/get', again(getPrompt)],
    ['subscriptions/listen', listen],
  ]),
  earlier: new Map<string, Method>([
    ...common,
    [
      'initialize',
      { ...bare, members: { protocolVersion: need(version), capabilities: need(object), clientInfo: need(object) } },
    ],
    ['ping', bare],
    ['tools/call', callTool],
    ['resources/read', read],
    ['prompts/get', getPrompt],
    ['resources/subscribe', subscribe],
    ['resources/unsubscribe', subscribe],
    ['logging/setLevel', { ...bare, members: { level: need(logLevel) } }],
    ['notifications/initialized', told],
    ['notifications/roots/list_changed', told],
    ['notifications/cancelled', { ...told, members: { requestId: need(id), reason: may(text) } }],
    [
      'notifications/progress',
      { ...told, members: { progressToken: need(id), progress: need(number), total: may(number), message: may(text) } },
    ],
  ]),
}

/**
 * Whether the answer is changed on its way to the client (lists are learned and filtered). Then it may reach the client
 * as the answer to its request alone: on another stream, or resumed, it would come as the upstream wrote it.
 */
export function isFiltered(method: string): boolean {
  return method.endsWith('/list')
}

function first(values: readonly JsonValue[], check: Check): string | undefined {
  for (const value of values) {
    const fault = check(value)
    if (fault !== undefined) return fault
  }
  return undefined
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  const picked: JsonObject = {}
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key]
  return picked
}

export function withoutMeta(value: JsonObject): JsonObject {
  const { _meta, ...rest } = value
  return rest
}
