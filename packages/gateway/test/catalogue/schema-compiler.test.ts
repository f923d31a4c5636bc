import { afterAll, describe, expect, test } from 'vitest'
import { inspectInputSchema } from '../../src/catalogue/input-schema.ts'
import { createSchemaCompiler, type SchemaCompiler } from '../../src/catalogue/schema-compiler.ts'
import type { JsonObject, JsonValue } from '../../src/mcp/call.ts'

const compiler = createSchemaCompiler({ timeLimitMs: 20_000 })
afterAll(() => compiler.stop())

function inspected(schema: JsonObject) {
  const found = inspectInputSchema(schema)
  if ('unacceptable' in found) throw new Error(found.unacceptable)
  return found
}
async function validator(schema: JsonObject, by: SchemaCompiler = compiler) {
  const compiled = await by.compile(inspected(schema), 'u')
  if (!('validator' in compiled)) throw new Error(compiled.problem)
  return compiled.validator
}
const problem = async (schema: JsonObject) => {
  const compiled = await compiler.compile(inspected(schema), 'u')
  return 'problem' in compiled ? compiled.problem : undefined
}
const property = (schema: JsonValue, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties: { x: schema },
  ...more,
})

test('threat 59: arguments outside the schema are named by place and problem, never by value', async () => {
  const validate = await validator(
    property({ type: 'string', enum: ['a', 'b'] }, { required: ['x'], additionalProperties: false }),
  )
  expect(validate({ x: 'a' })).toBeUndefined()
  expect(validate({})).toContain("must have required property 'x'")
  expect(validate({ x: 'hunter2' })).toBe('`/x` must be equal to one of the allowed values: ["a","b"]')
  expect(validate({ x: 'a', 'y\u202e\n': 1 })).toContain('must NOT have additional properties: `y\ufffd\ufffd`')
  expect(validate([])).toContain('must be object')
  expect(validate({ x: 'a', [`k${'k'.repeat(5000)}`]: 1 })?.length).toBeLessThan(400)
})

test('threat 58: `__proto__` and `constructor` are looked for as own keys', async () => {
  const validate = await validator({
    type: 'object',
    required: ['constructor'],
    properties: { toString: { type: 'string' } },
  })
  expect(validate({})).toContain('constructor')
  expect(validate({ constructor: 1 })).toBeUndefined()
  const closed = await validator({ type: 'object', additionalProperties: false })
  expect(closed(JSON.parse('{"__proto__":{}}'))).toContain('additional properties')
})

test('2020-12 and draft-07 differ where they do', async () => {
  const tuple = { type: 'array', items: [{ type: 'string' }], additionalItems: false }
  expect(inspectInputSchema(property(tuple))).toHaveProperty('unacceptable')
  expect(await problem(property({ type: 'strin' }))).toContain('not valid 2020-12')
  const validate = await validator({ ...property(tuple), $schema: 'http://json-schema.org/draft-07/schema#' })
  expect(validate({ x: ['a'] })).toBeUndefined()
  expect(validate({ x: ['a', 'b'] })).toBeDefined()
  const unevaluated = await validator({ allOf: [property({})], unevaluatedProperties: false })
  expect(unevaluated({ x: 1 })).toBeUndefined()
  expect(unevaluated({ y: 1 })).toContain('`y`')
})

test('local references work, others were refused before', async () => {
  const validate = await validator({
    ...property({ $ref: '#/$defs/node' }),
    $defs: { node: property({ $ref: '#/$defs/node' }, { additionalProperties: false }) },
  })
  expect(validate({ x: { x: { x: {} } } })).toBeUndefined()
  expect(validate({ x: { x: { y: 1 } } })).toBeDefined()
  expect(await problem(property({ $ref: '#/$defs/none' }))).toContain("can't resolve")
})

describe('field notes: regular expressions', () => {
  test('`^(a+)+$` does not block', async () => {
    const validate = await validator(property({ type: 'string', pattern: '^(a+)+$' }))
    const started = performance.now()
    expect(validate({ x: `${'a'.repeat(50_000)}!` })).toContain('must match pattern')
    expect(validate({ x: 'aaa' })).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('each pattern is its own: a shared text would make ajv reuse the first one', async () => {
    const validate = await validator({
      type: 'object',
      properties: { a: { type: 'string', pattern: '^a$' }, b: { type: 'string', pattern: '^b$' } },
      patternProperties: { '^x-': { type: 'string', pattern: '^c$' } },
    })
    expect(validate({ a: 'a', b: 'b', 'x-1': 'c' })).toBeUndefined()
    expect(validate({ a: 'b' })).toContain('^a$')
    expect(validate({ b: 'a' })).toContain('^b$')
    expect(validate({ 'x-1': 'b' })).toContain('^c$')
  })

  test.each(['(?=a)b', '(a)\\1', '(', 'a{1001}', '(?:a{100}){100}'])('not acceptable: `%s`', async (pattern) => {
    expect(await problem(property({ type: 'string', pattern }))).toBeDefined()
  })
})

describe('what one validation may cost', () => {
  test('exponential references', async () => {
    const level = (i: number): JsonObject => ({ anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] })
    const $defs = Object.fromEntries(
      Array.from({ length: 31 }, (_, i) => [`d${i}`, i === 30 ? { type: 'number' } : level(i)]),
    )
    const validate = await validator({ ...property({ $ref: '#/$defs/d0' }), $defs })
    const started = performance.now()
    expect(validate({ x: 'no' })).toContain('takes too long')
    expect(performance.now() - started).toBeLessThan(2000)
    expect(validate({})).toBeUndefined()
  })

  test('quadratic uniqueness', async () => {
    const validate = await validator(property({ type: 'array', uniqueItems: true }))
    expect(validate({ x: Array.from({ length: 100_000 }, (_, i) => ({ i })) })).toContain('takes too long')
    expect(validate({ x: [{ a: 1 }, { a: 1 }] })).toContain('duplicate')
    expect(validate({ x: [{ a: 1 }, { a: 2 }] })).toBeUndefined()
  })

  test('a definition used often is not copied as often', async () => {
    const big = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`p${i}`, { type: 'string' }])),
    }
    const uses = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`u${i}`, { $ref: '#/$defs/big' }]))
    const validate = await validator({ type: 'object', properties: uses, $defs: { big }, unevaluatedProperties: false })
    expect(validate({ u399: { p1: 'x' } })).toBeUndefined()
    expect(validate({ u399: { p1: 1 } })).toContain('/u399/p1')
    expect(validate({ other: 1 })).toContain('`other`')
  })

  test('references that lead nowhere', async () => {
    const validate = await validator({ allOf: [{ $ref: '#' }] })
    expect(validate({})).toContain('cannot be checked')
  })
})

test('field notes: close to a thousand properties compile off the main thread', async () => {
  const properties = Object.fromEntries(
    Array.from({ length: 900 }, (_, i) => [
      `p${i}`,
      { type: 'string', minLength: 1, ...(i % 9 === 0 ? { pattern: `^${i}` } : {}) },
    ]),
  )
  await validator({ type: 'object' })
  let beats = 0
  const beat = setInterval(() => {
    beats += 1
  }, 5)
  const validate = await validator({ type: 'object', properties })
  clearInterval(beat)
  // on this thread it would have been one piece of work without a beat
  expect(beats).toBeGreaterThan(5)
  expect(validate({ p9: '9' })).toBeUndefined()
  expect(validate({ p9: '8' })).toBeDefined()
})

test('a schema that takes too long is not acceptable, and its upstream alone is paused', async () => {
  const hasty = createSchemaCompiler({ timeLimitMs: 25 })
  const slow = (salt: number) => {
    const properties = Object.fromEntries(Array.from({ length: 990 }, (_, i) => [`p${i}-${salt}`, { type: 'string' }]))
    return inspected({ type: 'object', properties, unevaluatedProperties: false })
  }
  const results = await Promise.all(Array.from({ length: 6 }, (_, salt) => hasty.compile(slow(salt), 'hostile')))
  expect(results.slice(0, 3)).toEqual(
    Array(3).fill({ problem: expect.stringContaining('longer than 25 ms'), passing: false }),
  )
  expect(results.slice(3)).toEqual(
    Array(3).fill({ problem: expect.stringContaining('try again later'), passing: true }),
  )
  await hasty.stop()
  const other = createSchemaCompiler({ timeLimitMs: 20_000 })
  expect(await validator({}, other)).toBeDefined()
  await other.stop()
})

test('an unused thread ends and comes back', async () => {
  const brief = createSchemaCompiler({ idleMs: 10 })
  expect((await validator({}, brief))({})).toBeUndefined()
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect((await validator(property({ type: 'string' }), brief))({ x: 1 })).toBeDefined()
  await brief.stop()
})

test('what waits when it stops gets an answer', async () => {
  const stopped = createSchemaCompiler()
  const waiting = [stopped.compile(inspected({}), 'a'), stopped.compile(inspected({}), 'b')]
  await stopped.stop()
  expect(await Promise.all(waiting)).toEqual(Array(2).fill({ problem: 'the gateway is shutting down', passing: true }))
})
