/** A tool's input schema as Cedar types. Pure. */
import type { JsonObject, JsonValue } from '../mcp/call.ts'
import type { Type } from './cedar.ts'

/** `decimal` is every JSON Schema `number`; a Set forgets order and repetition, as Cedar's do. */
export type ArgumentType =
  | { readonly kind: 'String' | 'Long' | 'Boolean' | 'decimal' }
  | { readonly kind: 'Set'; readonly element: ArgumentType }
  | RecordArgument

export interface RecordArgument {
  readonly kind: 'Record'
  readonly attributes: ReadonlyMap<string, { readonly type: ArgumentType; readonly required: boolean }>
}

const maxDepth = 8
const maxNodes = 2000

/** Keys that Cedar's JSON gives a meaning of its own: an argument of such a name is never passed. */
export const reservedKeys: ReadonlySet<string> = new Set(['__entity', '__extn', '__expr'])

const scalars: Readonly<Record<string, ArgumentType>> = {
  string: { kind: 'String' },
  integer: { kind: 'Long' },
  boolean: { kind: 'Boolean' },
  number: { kind: 'decimal' },
}

interface Walk {
  readonly root: JsonObject
  nodes: number
}

/** Properties that no one type describes (unions, maps, tuples, what nests deeper than 8) are left out. */
export function typeArguments(inputSchema: JsonValue | undefined): RecordArgument {
  if (!isObject(inputSchema)) return { kind: 'Record', attributes: new Map() }
  return recordOf(inputSchema, { root: inputSchema, nodes: 0 }, 0)
}

interface Typed {
  readonly type: ArgumentType
  /** Null is left out of the context, so what may be null may be absent. */
  readonly nullable: boolean
}

function typeOf(schema: JsonValue | undefined, walk: Walk, depth: number): Typed | undefined {
  walk.nodes += 1
  if (!isObject(schema) || depth > maxDepth || walk.nodes > maxNodes) return undefined
  const { type } = schema
  if (type !== undefined) {
    const names = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null')
    const nullable = Array.isArray(type) && type.includes('null')
    const [name] = names.length === 2 && names.includes('integer') && names.includes('number') ? ['number'] : names
    const single = names.length === 1 || name === 'number'
    const found = single && typeof name === 'string' ? typeNamed(name, schema, walk, depth) : undefined
    return found === undefined ? undefined : { type: found, nullable }
  }
  if (typeof schema['$ref'] === 'string') return typeOf(resolve(walk.root, schema['$ref']), walk, depth + 1)
  if (schema['const'] !== undefined) return typeOfValues([schema['const']])
  if (Array.isArray(schema['enum'])) return typeOfValues(schema['enum'])
  const either = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(either)) return common(either, walk, depth)
  if (Array.isArray(schema['allOf'])) {
    for (const part of schema['allOf']) {
      const found = typeOf(part, walk, depth + 1)
      if (found !== undefined) return found
    }
  }
  return isObject(schema['properties']) ? { type: recordOf(schema, walk, depth), nullable: false } : undefined
}

function typeNamed(name: string, schema: JsonObject, walk: Walk, depth: number): ArgumentType | undefined {
  if (name === 'object') return recordOf(schema, walk, depth)
  if (name !== 'array') return Object.hasOwn(scalars, name) ? scalars[name] : undefined
  if (schema['prefixItems'] !== undefined) return undefined
  const element = typeOf(schema['items'], walk, depth + 1)
  return element === undefined || element.nullable ? undefined : { kind: 'Set', element: element.type }
}

function recordOf(schema: JsonObject, walk: Walk, depth: number): RecordArgument {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const attributes = new Map<string, { type: ArgumentType; required: boolean }>()
  for (const [key, value] of Object.entries(properties)) {
    if (reservedKeys.has(key) || !key.isWellFormed()) continue
    const found = typeOf(value, walk, depth + 1)
    if (found !== undefined) attributes.set(key, { type: found.type, required: required.has(key) && !found.nullable })
  }
  return { kind: 'Record', attributes }
}

/** The type of all branches but `null`, where it is the same. */
function common(branches: readonly JsonValue[], walk: Walk, depth: number): Typed | undefined {
  const others = branches.filter((branch) => !isObject(branch) || branch['type'] !== 'null')
  const types = others.map((branch) => typeOf(branch, walk, depth + 1))
  const [first] = types
  if (first === undefined || types.some((found) => found === undefined || !same(found.type, first.type)))
    return undefined
  return { type: first.type, nullable: others.length < branches.length || types.some((found) => found?.nullable) }
}

function typeOfValues(values: readonly JsonValue[]): Typed | undefined {
  const others = values.filter((value) => value !== null)
  const kinds = new Set(others.map((value) => (Number.isInteger(value) ? 'integer' : typeof value)))
  const [kind] = kinds.size === 2 && kinds.has('integer') && kinds.has('number') ? ['number'] : kinds
  const type = kinds.size === 1 || kind === 'number' ? scalars[kind ?? ''] : undefined
  return type === undefined ? undefined : { type, nullable: others.length < values.length }
}

function same(a: ArgumentType, b: ArgumentType): boolean {
  return JSON.stringify(toCedarType(a)) === JSON.stringify(toCedarType(b))
}

/** A JSON Pointer (RFC 6901) within the schema, as a URI fragment; anchors are not followed. */
function resolve(root: JsonObject, reference: string): JsonValue | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined
  let found: JsonValue | undefined = root
  for (const token of reference.split('/').slice(1)) {
    const key = unescapeToken(token)
    if (Array.isArray(found)) found = found[Number(key)]
    else found = isObject(found) && key !== undefined && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return found
}

function unescapeToken(token: string): string | undefined {
  try {
    return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return undefined
  }
}

/** @param optional every attribute optional, whatever the schema requires. */
export function toCedarType(type: ArgumentType, optional = false): Type<string> {
  switch (type.kind) {
    case 'decimal':
      return { type: 'Extension', name: 'decimal' }
    case 'Set':
      return { type: 'Set', element: toCedarType(type.element, optional) }
    case 'Record': {
      const attributes = [...type.attributes].map(([key, { type: inner, required }]) => {
        return [key, { ...toCedarType(inner, optional), required: required && !optional }] as const
      })
      return { type: 'Record', attributes: Object.fromEntries(attributes) }
    }
    default:
      return { type: type.kind }
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
