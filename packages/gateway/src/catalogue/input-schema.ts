/**
 * What may be an input schema, before anything compiles it. Pure.
 *
 * The outcome is a schema rebuilt from the keywords of its dialect alone: annotations, unknown keywords (also ajv's own,
 * such as `$async`, which would turn a verdict into a promise) and identifiers never reach the compiler.
 */
import type { JsonObject, JsonValue } from '../mcp/call.ts'
import { isObject } from './definition.ts'
import { headerParameter } from './header-parameters.ts'

export type Dialect = '2020-12' | 'draft-07'

export interface InspectedSchema {
  readonly dialect: Dialect
  /** Only known keywords; every `$ref` within itself. */
  readonly schema: JsonObject
  /** Header name (lower case, with `mcp-param-`) to the path of keys. */
  readonly headerParameters: ReadonlyMap<string, readonly string[]>
}

export interface UnacceptableSchema {
  readonly unacceptable: string
}

const maxSubschemas = 1000
const maxDepth = 32
const maxPatterns = 200
const maxPatternLength = 1000

const dialects: ReadonlyMap<string, Dialect> = new Map([
  ['https://json-schema.org/draft/2020-12/schema', '2020-12'],
  ['http://json-schema.org/draft/2020-12/schema', '2020-12'],
  ['http://json-schema.org/draft-07/schema', 'draft-07'],
  ['https://json-schema.org/draft-07/schema', 'draft-07'],
])

/** How a keyword holds further schemas, or `data` where what it holds is no schema. */
type Shape =
  | 'data'
  | 'schema'
  | 'schemas'
  | 'map'
  | 'schema or schemas'
  | 'map of schemas or names'
  | 'pattern'
  | 'patterns'

const both: readonly (readonly [string, Shape])[] = [
  ...[
    ...[
      'type',
      'enum',
      'const',
      'required',
      'minimum',
      'maximum',
      'exclusiveMinimum',
      'exclusiveMaximum',
      'multipleOf',
    ],
    ...['minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', '$ref'],
  ].map((keyword) => [keyword, 'data'] as const),
  ...(['additionalProperties', 'propertyNames', 'contains', 'not', 'if', 'then', 'else'] as const).map(
    (keyword) => [keyword, 'schema'] as const,
  ),
  ...(['allOf', 'anyOf', 'oneOf'] as const).map((keyword) => [keyword, 'schemas'] as const),
  ...(['properties', '$defs', 'definitions'] as const).map((keyword) => [keyword, 'map'] as const),
  ['patternProperties', 'patterns'],
  ['pattern', 'pattern'],
]

const keywords: Readonly<Record<Dialect, ReadonlyMap<string, Shape>>> = {
  '2020-12': new Map<string, Shape>([
    ...both,
    ['items', 'schema'],
    ['prefixItems', 'schemas'],
    ['dependentSchemas', 'map'],
    ['unevaluatedItems', 'schema'],
    ['unevaluatedProperties', 'schema'],
    ...['dependentRequired', 'minContains', 'maxContains', '$anchor', '$dynamicAnchor', '$dynamicRef'].map(
      (keyword) => [keyword, 'data'] as const,
    ),
  ]),
  'draft-07': new Map<string, Shape>([
    ...both,
    ['items', 'schema or schemas'],
    ['additionalItems', 'schema'],
    ['dependencies', 'map of schemas or names'],
  ]),
}

class Unacceptable extends Error {}

/** Judges dialect, size, references and `x-mcp-header`. Whether it is valid in its dialect is the compiler's to say. */
export function inspectInputSchema(value: JsonValue | undefined): InspectedSchema | UnacceptableSchema {
  if (!isObject(value)) return { unacceptable: 'the input schema is not an object' }
  if (value['type'] !== undefined && value['type'] !== 'object') {
    return { unacceptable: 'the input schema is not of type `object`' }
  }
  const declared = value['$schema']
  const dialect = declared === undefined ? '2020-12' : dialectOf(declared)
  if (dialect === undefined) {
    return { unacceptable: 'the dialect in `$schema` is not supported; use 2020-12 or draft-07' }
  }
  const walk: Walk = { dialect, subschemas: 0, patterns: 0, headers: new Map() }
  try {
    const schema = rebuild(value, walk, { depth: 0, path: [] })
    return { dialect, schema: schema as JsonObject, headerParameters: walk.headers }
  } catch (error) {
    if (error instanceof Unacceptable) return { unacceptable: error.message }
    throw error
  }
}

function dialectOf(uri: JsonValue): Dialect | undefined {
  return typeof uri === 'string' ? dialects.get(uri.endsWith('#') ? uri.slice(0, -1) : uri) : undefined
}

interface Walk {
  readonly dialect: Dialect
  subschemas: number
  patterns: number
  readonly headers: Map<string, readonly string[]>
}

/** `path` is the chain of `properties` keys from the root; undefined once anything else was passed. */
interface Place {
  readonly depth: number
  readonly path: readonly string[] | undefined
}

function rebuild(schema: JsonValue, walk: Walk, place: Place): JsonValue {
  if (typeof schema === 'boolean') return schema
  if (!isObject(schema)) throw new Unacceptable('a subschema is neither an object nor a boolean')
  walk.subschemas += 1
  if (walk.subschemas > maxSubschemas) throw new Unacceptable(`the schema has more than ${maxSubschemas} subschemas`)
  if (place.depth > maxDepth) throw new Unacceptable(`the schema is nested deeper than ${maxDepth}`)
  checkIdentity(schema, walk, place)
  checkReferences(schema)
  const outcome = headerParameter(schema, place.path, walk.headers)
  if (outcome !== undefined) throw new Unacceptable(outcome)

  const known = keywords[walk.dialect]
  const rebuilt: [string, JsonValue][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    const shape = known.get(keyword)
    if (shape !== undefined) rebuilt.push([keyword, rebuildValue(keyword, shape, value, walk, place)])
  }
  return Object.fromEntries(rebuilt)
}

function rebuildValue(keyword: string, shape: Shape, value: JsonValue, walk: Walk, place: Place): JsonValue {
  const inside: Place = { depth: place.depth + 1, path: undefined }
  const member = (name: string): Place =>
    keyword === 'properties' && place.path !== undefined ? { ...inside, path: [...place.path, name] } : inside
  switch (shape) {
    case 'data':
      return value
    case 'pattern':
      checkPattern(value, walk)
      return value
    case 'schema':
      return rebuild(value, walk, inside)
    case 'schemas':
      return asArray(keyword, value).map((item) => rebuild(item, walk, inside))
    case 'schema or schemas':
      return Array.isArray(value) ? value.map((item) => rebuild(item, walk, inside)) : rebuild(value, walk, inside)
    default:
      break
  }
  if (!isObject(value)) throw new Unacceptable(`\`${keyword}\` is not an object`)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (shape === 'patterns') checkPattern(name, walk)
      // an own `__proto__` would be lost in generated code, so such a property would go unchecked
      if (name === '__proto__') throw new Unacceptable('`__proto__` is not a usable name')
      return [
        name,
        shape === 'map of schemas or names' && Array.isArray(item) ? item : rebuild(item, walk, member(name)),
      ]
    }),
  )
}

function asArray(keyword: string, value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new Unacceptable(`\`${keyword}\` is not an array`)
  return value
}

function checkIdentity(schema: JsonObject, walk: Walk, place: Place): void {
  const nested = place.depth > 0
  if (nested && schema['$id'] !== undefined) throw new Unacceptable('a nested `$id` is not supported')
  if (nested && schema['$schema'] !== undefined && dialectOf(schema['$schema']) !== walk.dialect) {
    throw new Unacceptable('a nested `$schema` names another dialect')
  }
}

/** MCP 2026-07-28, Basic, `$ref` Resolution: never a network address. Nothing but its own fragment is accepted. */
function checkReferences(schema: JsonObject): void {
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const target = schema[keyword]
    if (target === undefined) continue
    if (typeof target !== 'string' || !target.startsWith('#')) {
      throw new Unacceptable(
        `\`${keyword}\` leads out of the schema; only references that begin with \`#\` are followed`,
      )
    }
  }
}

function checkPattern(pattern: JsonValue, walk: Walk): void {
  walk.patterns += 1
  if (walk.patterns > maxPatterns) throw new Unacceptable(`the schema has more than ${maxPatterns} patterns`)
  if (typeof pattern !== 'string' || pattern.length > maxPatternLength) {
    throw new Unacceptable(`a pattern is longer than ${maxPatternLength} characters`)
  }
}
