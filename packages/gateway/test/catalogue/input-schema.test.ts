import { expect, test } from 'vitest'
import { inspectInputSchema } from '../../src/catalogue/input-schema.ts'
import type { JsonObject, JsonValue } from '../../src/mcp/call.ts'

const inspect = (schema: JsonValue | undefined) => {
  const inspected = inspectInputSchema(schema)
  return 'unacceptable' in inspected ? inspected.unacceptable : inspected
}
const nested = (depth: number): JsonObject => (depth === 0 ? {} : { not: nested(depth - 1) })
const property = (schema: JsonValue): JsonObject => ({ type: 'object', properties: { x: schema } })

test.each<[string, JsonValue | undefined, string]>([
  ['none', undefined, 'not an object'],
  ['true', true, 'not an object'],
  ['null', null, 'not an object'],
  ['of another type', { type: 'string' }, 'not of type `object`'],
  ['draft 2019-09', { $schema: 'https://json-schema.org/draft/2019-09/schema' }, 'dialect'],
  ['an unknown dialect', { $schema: 7 }, 'dialect'],
  ['a network reference', property({ $ref: 'https://evil.example/x.json' }), 'leads out'],
  ['a file reference', property({ $ref: 'other.json#/a' }), 'leads out'],
  ['a dynamic network reference', property({ $dynamicRef: 'http://127.0.0.1/' }), 'leads out'],
  [
    'a nested $id, by which schemas of others could be named',
    property({ $id: 'https://shared.example/x' }),
    'nested `$id`',
  ],
  ['a nested dialect', property({ $schema: 'http://json-schema.org/draft-07/schema#' }), 'another dialect'],
  ['too deep', nested(40), 'deeper than 32'],
  [
    '2,000 properties',
    { properties: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, {}])) },
    'more than 1000',
  ],
  ['a pattern of 1,001 characters', property({ pattern: 'a'.repeat(1001) }), 'longer than 1000'],
  [
    '201 patterns',
    { patternProperties: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`^${i}`, {}])) },
    'more than 200',
  ],
  ['a property `__proto__`', JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'), '__proto__'],
  ['a subschema that is a number', property(3), 'neither an object nor a boolean'],
  ['allOf that is no array', { allOf: {} }, '`allOf` is not an array'],
])('threat 59: not acceptable: %s', (_, schema, why) => {
  expect(inspect(schema)).toContain(why)
})

test('both dialects, by either form of their name', () => {
  expect(inspectInputSchema({})).toMatchObject({ dialect: '2020-12' })
  expect(inspectInputSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema' })).toMatchObject({
    dialect: '2020-12',
  })
  expect(inspectInputSchema({ $schema: 'http://json-schema.org/draft-07/schema#' })).toMatchObject({
    dialect: 'draft-07',
  })
})

test('nothing but the keywords of the dialect goes on', () => {
  const inspected = inspectInputSchema({
    $id: 'https://json-schema.org/draft/2020-12/schema',
    $async: true,
    description: 'd',
    properties: { $async: { type: 'string', nullable: true, default: {}, 'x-custom': { $id: 'https://e.example' } } },
    const: { $id: 'data' },
  })
  expect(inspected).toMatchObject({ schema: { properties: { $async: { type: 'string' } }, const: { $id: 'data' } } })
  expect(Object.keys((inspected as { schema: JsonObject }).schema)).toEqual(['properties', 'const'])
  expect((inspected as { schema: JsonObject }).schema['properties']).toEqual({ $async: { type: 'string' } })
})

test('x-mcp-header: found where `properties` alone lead, by lower-case header name', () => {
  const inspected = inspectInputSchema({
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'Deep-N' } } },
      'x-mcp-header': { type: 'boolean' },
      data: { const: { 'x-mcp-header': 'no annotation' } },
    },
  })
  expect('headerParameters' in inspected && [...inspected.headerParameters]).toEqual([
    ['mcp-param-region', ['region']],
    ['mcp-param-deep-n', ['deep', 'n']],
  ])
})

const header = (name: JsonValue, type: JsonValue = 'string'): JsonObject => ({ type, 'x-mcp-header': name })
test.each<[string, JsonValue, string]>([
  ['empty', property(header('')), 'field name'],
  ['no token', property(header('a b')), 'field name'],
  ['with CR LF', property(header('a\r\nX-Evil: 1')), 'field name'],
  ['no string', property(header(1)), 'field name'],
  ['too long', property(header('a'.repeat(65))), 'longer than 64'],
  ['on a number', property(header('A', 'number')), 'no string, integer or boolean'],
  ['on a union', property(header('A', ['string', 'null'])), 'no string, integer or boolean'],
  ['on an object', property(header('A', 'object')), 'no string, integer or boolean'],
  ['on the root', { type: 'object', 'x-mcp-header': 'A' }, '`properties` alone'],
  ['below items', property({ type: 'array', items: header('A') }), '`properties` alone'],
  ['below anyOf', { anyOf: [property(header('A'))] }, '`properties` alone'],
  ['below a conditional', { if: {}, else: property(header('A')) }, '`properties` alone'],
  ['below $defs', { $defs: { d: header('A') } }, '`properties` alone'],
  ['twice, in another case', { properties: { a: header('Region'), b: header('REGION') } }, 'same name'],
])('x-mcp-header that makes the definition invalid: %s', (_, schema, why) => {
  expect(inspect(schema)).toContain(why)
})
