import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grantAccess, resourcesOf } from '../../src/identity/access.ts'
import { parseForm, serializeForm } from '../../src/identity/form.ts'
import { createLimiter } from '../../src/identity/limiter.ts'

test('a form that was accepted reads the same after it is written again, and as everybody reads it', () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(names, fc.string({ unit: 'binary', maxLength: 12 })), {
        maxLength: 8,
        selector: ([name]) => name,
      }),
      (pairs) => {
        const wire = Buffer.from(new URLSearchParams(pairs).toString())
        const form = parseForm(wire)
        if (pairs.some((pair) => pair.join('').includes('\0'))) {
          expect(form.ok).toBe(false)
          return
        }
        const well = new Map(pairs.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]))
        if (well.size !== pairs.length) return
        if (!form.ok) throw new Error(form.description)
        expect(form.fields).toEqual(well)
        expect(parseForm(serializeForm(form.fields))).toEqual(form)
      },
    ),
    { numRuns: 200 },
  )
})

test('any bytes make a form or a refusal, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const form = parseForm(Buffer.from(bytes))
      expect(form.ok || form.error.startsWith('invalid_')).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('threats 20 and 49: whatever is asked for, what is granted is of this upstream and allowed to this client', () => {
  const scope = fc.constantFrom<string[]>(
    'a:read',
    'a:write',
    'a:admin',
    'b:read',
    'mcp:list',
    'A:read',
    'a:*',
    '',
    '__proto__',
  )
  const resources = resourcesOf('https://x.example', ['a', 'b'])
  fc.assert(
    fc.property(
      fc.array(scope),
      fc.option(fc.array(scope), { nil: undefined }),
      fc.constantFrom('a', 'b', 'c', 'A', ''),
      (asked, allowed, name) => {
        const limits = allowed === undefined ? undefined : new Set(allowed)
        const access = grantAccess(
          resources,
          limits,
          `https://x.example/mcp/${name}`,
          asked.length === 0 ? undefined : asked.join(' '),
        )
        if (!access.granted) return
        expect(['a', 'b']).toContain(name)
        expect(access.scopes.length).toBeGreaterThan(0)
        for (const one of access.scopes) {
          expect(one === 'mcp:list' || one.startsWith(`${name}:`)).toBe(true)
          expect(limits === undefined || limits.has(one)).toBe(true)
          if (asked.length > 0) expect(asked).toContain(one)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a limiter never holds more than its entries, nor lets through more than its capacity and leak', () => {
  let nowMs = 0
  const limiter = createLimiter({ capacity: 3, leakPerSecond: 1, entries: 2, monotonic: () => nowMs })
  for (const wait of [0, 0, 0]) {
    expect(limiter.waitSeconds('a')).toBe(wait)
    limiter.pour('a')
  }
  expect(limiter.waitSeconds('a')).toBe(1)
  limiter.scoop('a')
  expect(limiter.waitSeconds('a')).toBe(0)
  limiter.pour('a')
  nowMs = 999
  expect(limiter.waitSeconds('a')).toBe(1)
  nowMs = 1000
  expect(limiter.waitSeconds('a')).toBe(0)
  for (let index = 0; index < 3; index += 1) limiter.pour('a')
  expect(limiter.waitSeconds('a')).toBeGreaterThan(1)
  limiter.pour('b')
  expect(limiter.waitSeconds('a')).toBeGreaterThan(1)
  limiter.pour('c')
  expect(limiter.waitSeconds('a')).toBe(0)
})
