import { renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { LogUnavailable, type OpenAuditLog } from '../../src/audit/index.ts'
import { refuse } from '../../src/refusal.ts'
import { answered, authorizedOf, callOf, plan, principal } from './call.ts'
import { flawsOf } from './flaws.ts'
import { AuditPlace, until } from './place.ts'

const impatient = { limits: { waitMs: 200 } }

/** Opens intents until one is refused. */
async function fill(log: OpenAuditLog): Promise<number> {
  for (let opened = 0; ; opened++) {
    const durable = await log.open(authorizedOf(), plan).then(
      () => true,
      (error) => {
        expect(error).toBeInstanceOf(LogUnavailable)
        return false
      },
    )
    if (!durable) return opened
  }
}

/** Another connection keeps the log from being written. */
function hold(file: string): { release(): void } {
  const database = new DatabaseSync(file)
  database.exec('begin immediate')
  return {
    release() {
      database.exec('rollback')
      database.close()
    },
  }
}

test('threat 82: a full disk refuses calls in bounded time, and the log recovers by itself', async () => {
  const place = new AuditPlace()
  place.trouble('pages=20')
  const log = await place.openFaulty(impatient)
  const before = await log.open(authorizedOf(), plan)
  expect(await fill(log)).toBeGreaterThan(10)
  expect(log.healthy).toBe(false)
  const start = performance.now()
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow(LogUnavailable)
  expect(performance.now() - start).toBeLessThan(1000)
  expect(place.errors).toEqual(['the audit log cannot be written: database or disk is full'])

  place.trouble('ok')
  await until(() => log.healthy)
  const after = await log.open(authorizedOf(), plan)
  await until(() => log.waiting === 0)
  const stored = place.stored()
  expect(flawsOf(stored)).toEqual([])
  const ids = stored.map(({ entry }) => entry.id)
  expect(ids).toContain(before.entryId)
  expect(ids).toContain(after.entryId)
  expect(stored.filter(({ entry }) => entry.kind === 'event').map(({ entry }) => entry.detail)).toEqual([
    'the log could not be written: database or disk is full',
  ])
})

test('threat 84: while the disk hangs a call waits no longer than it may, and what becomes durable too late is marked', async () => {
  const place = new AuditPlace()
  const log = await place.open(impatient)
  await log.open(authorizedOf(), plan)
  const held = hold(place.file)
  const start = performance.now()
  const posted = log.open(authorizedOf(callOf({ requestId: 'posted' })), plan)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const queued = log.open(authorizedOf(callOf({ requestId: 'queued' })), plan)
  await expect(posted).rejects.toThrow('not durable within 200 ms')
  await expect(queued).rejects.toThrow(LogUnavailable)
  expect(performance.now() - start).toBeLessThan(1500)
  expect(log.healthy).toBe(false)
  held.release()

  await until(() => log.healthy && log.waiting === 0)
  const stored = place.stored()
  expect(flawsOf(stored)).toEqual([])
  const intent = stored.find(({ entry }) => entry.requestId === 'posted')?.entry
  expect(stored.filter(({ entry }) => entry.of === intent?.id).map(({ entry }) => [entry.kind, entry.status])).toEqual([
    ['outcome', 'log_unavailable'],
  ])
  expect(stored.some(({ entry }) => entry.requestId === 'queued')).toBe(false)
  await log.open(authorizedOf(), plan)
})

test('threat 84: as many calls wait as may, and no more; outcomes that cannot be kept are counted', async () => {
  const place = new AuditPlace()
  const log = await place.open({ limits: { waitMs: 4000, records: 10 } })
  const intent = await log.open(authorizedOf(), plan)
  const held = hold(place.file)
  const waiting = [log.open(authorizedOf(), plan)]
  await until(() => log.waiting === 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  for (let index = 0; index < 10; index++) waiting.push(log.open(authorizedOf(), plan))
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow('10 entries wait already')
  await expect(log.append({ kind: 'event', requestId: 'r', tenant: 't' })).rejects.toThrow(LogUnavailable)
  for (let index = 0; index < 25; index++) log.close(intent, answered)
  log.refuse(refuse('not_permitted', 'd'), { requestId: 'r', agent: principal.agent })
  held.release()
  expect(await Promise.all(waiting)).toHaveLength(11)
  await until(() => log.waiting === 0)
  const stored = place.stored()
  expect(flawsOf(stored)).toEqual([])
  expect(stored.filter(({ entry }) => entry.kind === 'outcome')).toHaveLength(20)
  expect(stored.filter(({ entry }) => entry.kind === 'event').map(({ entry }) => entry.count)).toEqual([6])
})

test('arguments that wait are bounded in size too', async () => {
  const place = new AuditPlace()
  const log = await place.open({ limits: { chars: 10_000 } })
  const held = hold(place.file)
  const big = authorizedOf(callOf({ arguments: { text: 'x'.repeat(8000) } }))
  const posted = log.open(big, plan)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const waiting = [log.open(big, plan), log.open(big, plan)]
  await expect(log.open(big, plan)).rejects.toThrow('entries of 10000 characters wait already')
  held.release()
  expect(await Promise.all([posted, ...waiting])).toHaveLength(3)
})

test.each(['die-before', 'die-after'])(
  'threat 85: a writer thread that ends (%s it commits) is replaced, and nothing is written twice or lost',
  async (trouble) => {
    const place = new AuditPlace()
    const log = await place.openFaulty()
    const first = await log.open(authorizedOf(), plan)
    place.trouble(trouble)
    const pending = log.open(authorizedOf(callOf({ requestId: 'pending' })), plan)
    await until(() => !log.healthy)
    place.trouble('ok')
    const second = await pending
    const third = await log.open(authorizedOf(), plan)
    await until(() => log.waiting === 0)
    const stored = place.stored()
    expect(flawsOf(stored)).toEqual([])
    expect(stored.filter(({ entry }) => entry.kind === 'intent').map(({ entry }) => entry.id)).toEqual([
      first.entryId,
      second.entryId,
      third.entryId,
    ])
    expect(log.healthy).toBe(true)
    expect(place.errors).toEqual(['the audit log cannot be written: the writer thread ended'])
  },
)

test('threat 83: a log that was removed is not begun anew, and goes on when it is put back', async () => {
  const place = new AuditPlace()
  const log = await place.open(impatient)
  await log.open(authorizedOf(), plan)
  for (const suffix of ['', '-wal', '-shm']) renameSync(`${place.file}${suffix}`, `${place.folder}/away.db${suffix}`)
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow(LogUnavailable)
  expect(log.healthy).toBe(false)
  expect(place.errors[0]).toContain('was replaced or removed')
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (const suffix of ['', '-wal', '-shm']) renameSync(`${place.folder}/away.db${suffix}`, `${place.file}${suffix}`)
  await until(() => log.healthy)
  await log.open(authorizedOf(), plan)
  expect(flawsOf(place.stored())).toEqual([])
})

test('threat 83: another log in its place is not written on', async () => {
  const place = new AuditPlace()
  const log = await place.open(impatient)
  await log.open(authorizedOf(), plan)
  const other = await place.open({ file: `${place.folder}/other.db` })
  await other.stop()
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${place.file}${suffix}`)
  renameSync(`${place.folder}/other.db`, place.file)
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow(LogUnavailable)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow(LogUnavailable)
  expect(place.stored()).toEqual([])
})

test('stop is bounded where the log cannot be written', async () => {
  const place = new AuditPlace()
  const log = await place.open({ limits: { stopMs: 200 } })
  const intent = await log.open(authorizedOf(), plan)
  const held = hold(place.file)
  const pending = log.open(authorizedOf(), plan)
  pending.catch(() => {})
  log.close(intent, answered)
  const start = performance.now()
  await log.stop()
  expect(performance.now() - start).toBeLessThan(3000)
  await expect(pending).rejects.toThrow('the log is closed')
  expect(place.errors).toContain('2 audit entries could not be written')
  held.release()
})
