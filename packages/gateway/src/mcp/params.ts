import { type Refusal, refuse } from '../refusal.ts'
import type { Era, JsonObject, JsonValue, Target } from './call.ts'
import type { Message } from './message.ts'
import { metaKeys, readMeta } from './meta.ts'
import { type Method, methods, withoutMeta } from './methods.ts'
import { showName } from './names.ts'

/** What of a message passes, and what it asks for. */
export interface Content {
  readonly target: Target
  readonly params: JsonObject
  readonly meta: JsonObject
  /** The same object as `params.arguments`. */
  readonly arguments: JsonObject | undefined
  /** What `Mcp-Name` has to say; undefined where the method has no such header. */
  readonly name: string | undefined
}

/**
 * Rebuilds a message's params from the keys that its method knows, each of its shape, and `_meta` from its allow-list.
 * Other keys are left out: the specification lets peers add some, and the upstream must not read what nobody here did.
 * A key that is a known one but for its case is refused, as some parsers would read it as the known one.
 *
 * Does not look into `arguments`: they are checked against the tool's schema later, and passed on as the same object.
 */
export function readContent(message: Message, era: Era): Content | Refusal {
  if (message.kind === 'response') return readOutcome(message.outcome, era)
  const method = methods[era].get(message.method)
  if (method === undefined || method.kind !== message.kind) return unknownMethod(message, era)
  const given = message.params ?? {}
  const read = readMeta(given['_meta'])
  if ('fault' in read) return invalid(read.fault)
  if (era === 'modern') {
    for (const key of [metaKeys.protocolVersion, metaKeys.clientCapabilities]) {
      if (!(key in read.meta)) return invalid(`\`_meta\` lacks \`${key}\``)
    }
  }
  const variant = caseVariant(given, method)
  if (variant !== undefined) return invalid(variant)
  const params: JsonObject = {}
  for (const key in method.members) {
    const member = method.members[key]
    const value = given[key]
    if (member === undefined) continue
    if (value === undefined) {
      if (member.required) return invalid(`\`params.${key}\` is missing`)
      continue
    }
    const fault = member.check(value)
    if (fault !== undefined) return invalid(`\`params.${key}\` is ${fault}`)
    params[key] = member.rebuild === undefined ? value : member.rebuild(value)
  }
  const name = method.named === undefined ? undefined : (params[method.named] as string)
  return {
    target: method.target(params),
    params,
    meta: read.meta,
    arguments: params['arguments'] as JsonObject | undefined,
    name,
  }
}

/** A client's answer to a request of the upstream; only the earlier era has those. */
function readOutcome(outcome: JsonObject, era: Era): Content | Refusal {
  if (era === 'modern') return refuse('message_invalid', 'a response, which this revision has clients never send')
  const { result } = outcome as { result?: JsonObject }
  const params: JsonObject = result === undefined ? outcome : { result: withoutMeta(result) }
  return { target: { action: 'list' }, params, meta: {}, arguments: undefined, name: undefined }
}

function unknownMethod(message: Message & { method: string }, era: Era): Refusal {
  return refuse('rpc_method_unknown', `${message.kind} ${showName(message.method)} in the ${era} era`)
}

function caseVariant(given: Readonly<Record<string, JsonValue>>, method: Method): string | undefined {
  for (const key in given) {
    if (key === '_meta' || Object.hasOwn(method.members, key)) continue
    const lower = key.toLowerCase()
    for (const known in method.members)
      if (known.toLowerCase() === lower) return `\`params\` has ${showName(key)}, which is not \`${known}\``
    if (lower === '_meta') return `\`params\` has ${showName(key)}, which is not \`_meta\``
  }
  return undefined
}

function invalid(what: string): Refusal {
  return refuse('params_invalid', what, { message: `the parameters are not acceptable: ${what}` })
}
