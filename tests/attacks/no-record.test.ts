/** Threat group H at a running gateway: no record, no call; and the way back. */
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CapturingUpstream } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { sendModern } from '../harness/raw.ts'
import { until } from '../harness/session.ts'

let upstream: CapturingUpstream
let gateway: RunningGateway
let token: string
let log: string

beforeAll(async () => {
  upstream = await CapturingUpstream.start()
  gateway = await startGateway({ upstreams: [{ name: 'vendor', url: upstream.url }] })
  token = await gateway.token('vendor')
  log = path.join(gateway.directory, 'data', 'audit.db')
  expect((await call()).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await upstream?.stop()
})

beforeEach(() => {
  upstream.requests = 0
})

function call() {
  const params = { name: 'echo', arguments: { message: 'hello' } }
  return sendModern({ url: gateway.endpoint('vendor'), token, name: 'echo', params })
}

const readiness = async () => (await fetch(`${gateway.ops}/readyz`)).status

async function expectRefused(): Promise<void> {
  const answer = await call()
  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toBeDefined()
  const { error } = JSON.parse(answer.body)
  expect(error).toMatchObject({ code: 2006, data: { code: 2006 } })
  expect(error.data.requestId).toMatch(/^\S{8,}$/)
  expect(upstream.requests).toBe(0)
}

async function expectRecovery(): Promise<void> {
  await until('calls pass again', async () => (await call()).status === 200, 10_000)
  expect(await readiness()).toBe(200)
}

test('threat 84: while another holds the log, a call waits for a bounded time and is then refused', async () => {
  const holder = new DatabaseSync(log)
  holder.exec('BEGIN IMMEDIATE')
  const from = performance.now()
  await expectRefused()
  expect(performance.now() - from).toBeLessThan(4_000)
  expect(await readiness()).toBe(503)
  holder.exec('ROLLBACK')
  holder.close()
  await expectRecovery()
})

test('threat 83: a log that was taken away is not begun anew; put back, it goes on', async () => {
  await rename(log, `${log}.away`)
  await expectRefused()
  await rename(`${log}.away`, log)
  await expectRecovery()
})

test('threat 86: entries can be neither changed nor deleted, and none is missing', async () => {
  const writer = new DatabaseSync(log)
  for (const statement of ["UPDATE entries SET canonical = '{}'", 'DELETE FROM entries', 'DELETE FROM entries LIMIT 1'])
    expect(() => writer.exec(statement)).toThrow()
  writer.close()
  const entries = gateway.audit()
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
})

test('threat 85: what was told to have been made is in the log after a kill', async () => {
  const made = (await Promise.all(Array.from({ length: 20 }, call))).filter(({ status }) => status === 200)
  gateway.process.kill('SIGKILL')
  await until('it has ended', () => gateway.process.signalCode !== null)
  const intents = gateway.audit().filter(({ kind, tool }) => kind === 'intent' && tool === 'echo')
  expect(made).toHaveLength(20)
  expect(intents.length).toBeGreaterThanOrEqual(20)
})
