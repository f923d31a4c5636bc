import { afterAll, expect, test, vi } from 'vitest'
import type { SchemaCompiler } from '../../src/catalogue/schema-compiler.ts'
import { compiler, setUp, tool } from './given.ts'
import { memoryStore } from './memory-store.ts'

afterAll(() => compiler.stop())

test('a store that is down: nothing is learned, and the next list learns it', async () => {
  const { catalogue, store } = await setUp()
  store.failing = true
  await expect(catalogue.learn('u', [tool('t')], true)).rejects.toThrow('down')
  expect(catalogue.accepted('u', 't')).toBeUndefined()
  store.failing = false
  expect((await catalogue.learn('u', [tool('t')], true)).accepted).toHaveLength(1)
})

test('a compiler that is of no use now: the tool is not stored, so that the next list tries again', async () => {
  let broken = true
  const flaky: SchemaCompiler = {
    compile: (inspected, owner) =>
      broken ? Promise.resolve({ problem: 'busy', passing: true }) : compiler.compile(inspected, owner),
    stop: () => Promise.resolve(),
  }
  const { catalogue, store } = await setUp(memoryStore(), flaky)
  expect(await catalogue.learn('u', [tool('t')], true)).toMatchObject({
    accepted: [],
    pending: [],
    refused: [{ name: 't' }],
  })
  expect(store.rows).toEqual([])
  broken = false
  expect((await catalogue.learn('u', [tool('t')], true)).accepted).toHaveLength(1)
})

test('a start does not wait for ever for schemas; their tools refuse until then', async () => {
  const { store, catalogue } = await setUp()
  await catalogue.learn('u', [tool('t')], true)
  const silent: SchemaCompiler = { compile: () => new Promise(() => undefined), stop: () => Promise.resolve() }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const starting = setUp(memoryStore(store.rows), silent)
  await vi.advanceTimersByTimeAsync(5000)
  const { catalogue: slow } = await starting
  vi.useRealTimers()
  expect(slow.accepted('u', 't')?.validate({})).toContain('being compiled')
})

test('threat 77: a stored definition that is not what its hash says is not callable', async () => {
  const { store, catalogue, open } = await setUp()
  await catalogue.learn('u', [tool('t'), tool('s')], true)
  const swapped = store.rows[1]?.definition ?? ''
  store.rows[0] = { ...(store.rows[0] as (typeof store.rows)[0]), definition: swapped }
  const restarted = await open()
  expect(restarted.accepted('u', 't')).toBeUndefined()
  expect(restarted.pending('u', 't')?.pendingReason).toContain('does not match its hash')
  expect(restarted.accepted('u', 's')).toBeDefined()
})

test('threat 77: nor can it be accepted, whatever it was stored as', async () => {
  const { store, catalogue, open } = await setUp()
  await catalogue.learn('u', [tool('t')], true)
  await catalogue.learn('u', [tool('t', { title: 'changed' })], true)
  const [first, second] = store.rows.map(({ definition }) => definition)
  const pending = store.rows[1] as (typeof store.rows)[0]
  store.rows[1] = { ...pending, definition: first ?? '' }
  const restarted = await open()
  expect(await restarted.accept('u', 't', pending.hash)).toContain('does not match its hash')
  store.rows[1] = { ...pending, definition: second ?? '' }
  expect(await (await open()).accept('u', 't', pending.hash)).toBeUndefined()
})

test('an accepted definition that did not compile at a start is tried again', async () => {
  const { store, catalogue } = await setUp()
  await catalogue.learn('u', [tool('t')], true)
  let busy = true
  const flaky: SchemaCompiler = {
    compile: (inspected, owner) => {
      return busy ? Promise.resolve({ problem: 'busy', passing: true }) : compiler.compile(inspected, owner)
    },
    stop: () => Promise.resolve(),
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { catalogue: restarted } = await setUp(memoryStore(store.rows), flaky)
  expect(restarted.accepted('u', 't')).toBeUndefined()
  expect(restarted.pending('u', 't')?.pendingReason).toContain('busy')
  busy = false
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(restarted.accepted('u', 't')).toBeDefined())
})
