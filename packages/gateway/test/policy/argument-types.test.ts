import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/mcp/call.ts'
import { toCedarType, typeArguments } from '../../src/policy/argument-types.ts'

const typed = (schema: JsonValue, $defs: JsonObject = {}) => {
  const attribute = typeArguments({ type: 'object', properties: { x: schema }, required: ['x'], $defs }).attributes.get(
    'x',
  )
  return attribute && { ...toCedarType(attribute.type), required: attribute.required }
}
const decimal = { type: 'Extension', name: 'decimal', required: true }

test.each<[string, JsonValue, unknown]>([
  ['string', { type: 'string', format: 'date' }, { type: 'String', required: true }],
  ['integer', { type: 'integer' }, { type: 'Long', required: true }],
  ['number', { type: 'number' }, decimal],
  ['integer or number', { type: ['integer', 'number'] }, decimal],
  ['boolean', { type: 'boolean' }, { type: 'Boolean', required: true }],
  ['nullable', { type: ['string', 'null'] }, { type: 'String', required: false }],
  ['set', { type: 'array', items: { type: 'integer' } }, { type: 'Set', element: { type: 'Long' }, required: true }],
  ['enum', { enum: ['a', 'b'] }, { type: 'String', required: true }],
  ['enum of numbers', { enum: [1, 1.5] }, decimal],
  ['const', { const: true }, { type: 'Boolean', required: true }],
  [
    'optional by anyOf',
    { anyOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }] },
    { type: 'String', required: false },
  ],
  ['allOf', { allOf: [{ title: 'x' }, { type: 'string' }] }, { type: 'String', required: true }],
  ['reference', { $ref: '#/$defs/s' }, { type: 'String', required: true }],
  ['union', { type: ['string', 'integer'] }, undefined],
  ['union by anyOf', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, undefined],
  ['tuple', { type: 'array', prefixItems: [{ type: 'string' }] }, undefined],
  ['array of anything', { type: 'array' }, undefined],
  ['array with nulls', { type: 'array', items: { type: ['string', 'null'] } }, undefined],
  ['mixed enum', { enum: ['a', 1] }, undefined],
  ['anything', {}, undefined],
  ['a boolean schema', true, undefined],
  ['a reference to itself', { $ref: '#/$defs/loop' }, undefined],
  ['a reference to nowhere', { $ref: '#/$defs/none' }, undefined],
  ['a prototype member as a reference', { $ref: '#/constructor' }, undefined],
  ['an unknown type name', { type: 'constructor' }, undefined],
])('%s', (_, schema, expected) => {
  expect(typed(schema, { s: { type: 'string' }, loop: { $ref: '#/$defs/loop' } })).toEqual(expected)
})

test('records nest, eight deep', () => {
  const nest = (depth: number): JsonObject =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nest(depth - 1) } }
  const text = JSON.stringify(toCedarType(typeArguments(nest(20))))
  expect(text.match(/"a"/g)).toHaveLength(8)
})

test('references that multiply are bounded', () => {
  const level = (i: number): JsonObject => ({
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 100 }, (_, j) => [`p${j}`, { $ref: `#/$defs/d${i + 1}` }])),
  })
  const $defs = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`d${i}`, level(i)]))
  const started = performance.now()
  typeArguments({ type: 'object', properties: { x: { $ref: '#/$defs/d0' } }, $defs })
  expect(performance.now() - started).toBeLessThan(500)
})

test('field notes: an argument named `__entity` or `__extn` has no type', () => {
  expect([
    ...typeArguments({
      properties: { __entity: { type: 'string' }, __extn: { type: 'string' }, a: { type: 'string' } },
    }).attributes.keys(),
  ]).toEqual(['a'])
})
