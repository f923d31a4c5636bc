import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/mcp/call.ts'
import { convey, decimalText, NotConveyable, planFor } from '../../src/policy/argument-plan.ts'
import { typeArguments } from '../../src/policy/argument-types.ts'
import { parsePolicy } from '../../src/policy/cedar.ts'
import { readsOf } from '../../src/policy/reads.ts'

const schema: JsonObject = {
  type: 'object',
  properties: {
    amount: { type: 'integer' },
    price: { type: 'number' },
    note: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    to: { type: 'object', properties: { iban: { type: 'string' }, name: { type: 'string' } } },
    any: {},
  },
}

/** What reaches the engine of these arguments, for a policy with this condition. */
function passed(condition: string, value: JsonValue) {
  const parsed = parsePolicy(`permit(principal, action, resource) when { ${condition} };`)
  if (!('json' in parsed)) throw new Error(parsed.fault.message)
  const node = readsOf(parsed.json).context.within.get('arguments')
  return node === undefined
    ? undefined
    : JSON.parse(JSON.stringify(convey(planFor(node, typeArguments(schema)), value, 'arguments')))
}
const args = (text: string) => `context.arguments.${text}`

test('only what is read is passed', () => {
  const value = { amount: 1, note: 'secret', to: { iban: 'X', name: 'Y' }, undeclared: 1 }
  expect(passed(`${args('amount')} < 5`, value)).toEqual({ amount: 1 })
  expect(passed(`${args('to.iban')} == "X"`, value)).toEqual({ to: { iban: 'X' } })
  expect(passed('context.now == context.now', value)).toBeUndefined()
})

test('field notes: null is left out', () => {
  expect(passed(`${args('amount')} < 5`, { amount: null })).toEqual({})
  expect(passed('context.arguments has amount', { amount: null })).toEqual({})
})

test('`has` alone passes whether it is there, whatever it is', () => {
  expect(passed('context.arguments has any', { any: [{ __entity: 1 }] })).toEqual({ any: true })
  expect(passed('context.arguments has undeclared', { undeclared: 0 })).toEqual({ undeclared: true })
  expect(passed('context.arguments has to.iban', { to: { iban: 5 } })).toEqual({ to: { iban: true } })
  expect(passed('context.arguments has to.iban', { to: {} })).toEqual({ to: {} })
})

test.each<[string, string, JsonValue]>([
  ['a float for an integer', `${args('amount')} < 5`, { amount: 1.5 }],
  ['field notes: an integer beyond 2^53', `${args('amount')} < 5`, { amount: 2 ** 53 }],
  ['a string for an integer', `${args('amount')} < 5`, { amount: '1' }],
  [
    'field notes: an entity for an integer',
    `${args('amount')} < 5`,
    { amount: { __entity: { type: 'Sallyport::Tool', id: 'x' } } },
  ],
  [
    'field notes: an extension for a string',
    `${args('note')} == "a"`,
    { note: { __extn: { fn: 'decimal', arg: '1.0' } } },
  ],
  ['field notes: a number of five digits', `${args('price')} == decimal("1.0")`, { price: 0.00001 }],
  ['a number too large', `${args('price')} == decimal("1.0")`, { price: 1e15 }],
  ['a lone surrogate', `${args('note')} == "a"`, { note: '\ud800' }],
  ['a null in a set', `${args('tags')}.contains("a")`, { tags: ['a', null] }],
  ['a set of 10,001', `${args('tags')}.contains("a")`, { tags: Array(10_001).fill('a') }],
  ['what has no type', `${args('any')} == 1`, { any: 1 }],
  ['what is not declared', `${args('undeclared')} == 1`, { undeclared: 1 }],
  ['what is not declared in a record that is read whole', `${args('to')} == {}`, { to: { iban: 'X', more: 1 } }],
  ['an entity in a record that is read whole', `${args('to')} == {}`, { to: { __entity: 'X' } }],
  ['field notes: `__entity` itself', 'context.arguments has "__entity"', { __entity: { type: 'A', id: 'b' } }],
  ['an array where a record is', `${args('to.iban')} == "X"`, { to: ['X'] }],
])('denied rather than left out: %s', (_, condition, value) => {
  expect(() => passed(condition, value)).toThrow(NotConveyable)
})

test('nothing of a value is in the message', () => {
  expect(() => passed(`${args('amount')} < 5`, { amount: 'hunter2' })).toThrow(
    '`arguments.amount` cannot be read as Long',
  )
})

test('decimals are exact or not at all', () => {
  expect([1, -0, 0.1, 1.5, -2.0001, 922337203685477, 0.00012, 1e21, Number.NaN].map(decimalText)).toEqual([
    ...['1.0', '0.0', '0.1', '1.5', '-2.0001', '922337203685477.0'],
    ...[undefined, undefined, undefined],
  ])
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = decimalText(value)
      if (text !== undefined) expect(Number(text)).toBe(value === 0 ? 0 : value)
    }),
  )
})

test('threat 58: a key `__proto__` changes nothing', () => {
  expect(passed(`${args('to.iban')} == "X"`, JSON.parse('{"to":{"__proto__":{"iban":"X"}}}'))).toEqual({ to: {} })
  expect(passed(`${args('amount')} == 1`, JSON.parse('{"__proto__":{"amount":1}}'))).toEqual({})
})

test('threat 33: a key of the client’s own is named only where it is too short to hold a piece of a token', () => {
  const whole = `${args('to')} == {"iban": "X"}`
  const strange = (key: string) => () => passed(whole, { to: { iban: 'X', [key]: 1 } })
  expect(strange('k'.repeat(23))).toThrow(`\`arguments.to.${'k'.repeat(23)}\` has no type`)
  expect(strange('k'.repeat(24))).toThrow('`arguments.to.…` has no type')
})
