import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import canonicalize from 'canonicalize'
import { expect, test } from 'vitest'
import { argumentsCommitment, commitmentSalt, LogUnavailable } from '../../src/audit/index.ts'
import type { Clock } from '../../src/clock.ts'
import { canonicalJson } from '../../src/mcp/canonical-json.ts'
import { refuse } from '../../src/refusal.ts'
import { answered, authorizedOf, callOf, commitmentKey, plan, principal } from './call.ts'
import { flawsOf } from './flaws.ts'
import { AuditPlace, until } from './place.ts'

test('promise 6: an intent is in the file when `open` resolves, and its outcome follows', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const intent = await log.open(authorizedOf(), plan)
  expect(place.stored().map(({ entry }) => entry.id)).toContain(intent.entryId)
  expect(intent).toMatchObject({ upstream: 'files', plan })
  log.close(intent, answered)
  await until(() => log.waiting === 0)
  const [first, second] = place.stored()
  expect(first?.entry).toEqual({
    v: 1,
    id: intent.entryId,
    writer: first?.entry.writer,
    seq: 1,
    at: first?.entry.at,
    kind: 'intent',
    requestId: 'req-1',
    tenant: 'default',
    person: { issuer: 'https://login.example.com', subject: 'alice' },
    agent: { issuer: 'https://login.example.com', clientId: 'claude-desktop' },
    actors: [{ issuer: 'https://login.example.com', subject: 'agent-7' }],
    token: 'ab'.repeat(32),
    method: 'tools/call',
    upstream: 'files',
    tool: 'read_file',
    pin: 'cd'.repeat(32),
    argumentsCommitment: first?.entry.argumentsCommitment,
    decision: 'allow',
    policies: ['readers#0', 'files#2'],
    policyVersion: 'c0ffee0123456789',
    credential: { type: 'bearer', id: 'files/bearer', version: '0123456789ab' },
    peer: '127.0.0.1',
  })
  expect(first?.entry.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(second?.entry).toMatchObject({ kind: 'outcome', of: intent.entryId, status: 'ok', seq: 2 })
  expect(second?.entry.ms).toBeGreaterThanOrEqual(0)
  for (const { canonical } of place.stored()) expect(canonicalize(JSON.parse(canonical))).toBe(canonical)
})

test('an auditor with the salt of an entry can check what its arguments were', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const given = { path: '/etc/passwd', depth: 1.5, note: 'naïve 😀' }
  const { entryId } = await log.open(authorizedOf(callOf({ arguments: given })), plan)
  const salt = commitmentSalt(commitmentKey, entryId)
  expect(place.stored()[0]?.entry.argumentsCommitment).toBe(argumentsCommitment(salt, canonicalJson(given)))
})

test('threat 33: no argument is in the files, whatever it holds, nor anything of a call but what an entry names', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const canary = 'canary-3b1f0d9a'
  const call = callOf({
    arguments: { [canary]: canary, deep: [{ x: `\u0001\n${canary}` }] },
    params: { name: 'read_file', other: canary },
    meta: { trace: canary },
    lastEventId: canary,
    id: canary,
    answers: canary,
  })
  log.close(await log.open(authorizedOf(call), plan), {
    ...answered,
    json: `{"result":"${canary}"}`,
  } as typeof answered)
  await log.stop()
  expect(place.stored()).toHaveLength(2)
  for (const name of readdirSync(place.folder)) {
    expect(readFileSync(path.join(place.folder, name), 'latin1')).not.toContain(canary)
  }
})

test('threat 88: what a caller sends cannot make a second entry or a raw line', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const evil = 'x"}\n2\n"t"\u0001{"kind":"intent"}\u0001\u009b2J\ud800'
  const call = callOf({
    method: evil,
    peer: evil,
    requestId: evil,
    target: { action: 'call', tool: evil },
    causedBy: evil,
  })
  await log.open(authorizedOf(call), plan)
  await log.append({ kind: 'event', requestId: evil, tenant: evil, detail: evil.repeat(1000) })
  const stored = place.stored()
  expect(stored).toHaveLength(2)
  expect(flawsOf(stored)).toEqual([])
  for (const { canonical } of stored) {
    expect(canonical).toMatch(/^[^\p{Cc}]*$/u)
    expect(canonical.isWellFormed()).toBe(true)
    expect(canonical.length).toBeLessThan(40_000)
  }
})

test('threat 87: a clock that goes back changes neither order nor sequence', async () => {
  const place = new AuditPlace()
  let now = Date.UTC(2026, 10, 20)
  const clock: Clock = { now: () => now, monotonic: () => performance.now() }
  const log = await place.open({ clock })
  const ids: string[] = []
  for (const offset of [0, 86_400_000, -86_400_000]) {
    now += offset
    ids.push((await log.open(authorizedOf(), plan)).entryId)
  }
  const stored = place.stored()
  expect(stored.map(({ entry }) => entry.id)).toEqual(ids)
  expect(stored.map(({ entry }) => entry.at.slice(0, 10))).toEqual(['2026-11-20', '2026-11-21', '2026-11-20'])
  expect(flawsOf(stored)).toEqual([])
})

test('many calls at once share commits and keep their order', async () => {
  const place = new AuditPlace()
  let commits = 0
  let committed = 0
  const log = await place.open({
    onCommit(entries, ms) {
      commits++
      committed += entries
      expect(ms).toBeGreaterThan(0)
    },
  })
  const ids = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const intent = await log.open(authorizedOf(callOf({ requestId: `req-${index}` })), plan)
      log.close(intent, answered)
      return intent.entryId
    }),
  )
  await until(() => log.waiting === 0)
  expect(new Set(ids).size).toBe(500)
  expect(committed).toBe(1000)
  expect(commits).toBeLessThan(50)
  expect(flawsOf(place.stored())).toEqual([])
  expect(log.healthy).toBe(true)
})

test('two writers share one file, each with a sequence of its own', async () => {
  const place = new AuditPlace()
  const logs = [await place.open(), await place.open()]
  await Promise.all(logs.flatMap((log) => Array.from({ length: 50 }, () => log.open(authorizedOf(), plan))))
  const stored = place.stored()
  expect(stored).toHaveLength(100)
  expect(flawsOf(stored)).toEqual([])
  expect(new Set(stored.map(({ entry }) => entry.writer)).size).toBe(2)
})

test('a new start is a new writer, and the log goes on', async () => {
  const place = new AuditPlace()
  const first = await place.open()
  const { entryId } = await first.open(authorizedOf(), plan)
  await first.stop()
  const second = await place.open()
  const later = await second.open(authorizedOf(), plan)
  expect(later.entryId.endsWith('-1')).toBe(true)
  expect(place.stored().map(({ position, entry }) => [position, entry.id])).toEqual([
    [1, entryId],
    [2, later.entryId],
  ])
})

test('append resolves to the entry as it is stored', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const entry = await log.append({ kind: 'transit', requestId: 'r', tenant: 'acme', detail: 'introspection', ms: 0.1 })
  expect(entry).toEqual(place.stored()[0]?.entry)
  const database = new DatabaseSync(place.file, { readOnly: true })
  expect(database.prepare('select tenant, name as writer, seq from entries join writers on id = writer').get()).toEqual(
    {
      tenant: 'acme',
      writer: entry.writer,
      seq: 1,
    },
  )
  database.close()
})

test('refusals of a known agent are entries of their own', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  for (const requestId of ['r1', 'r2', 'r3']) {
    log.refuse(refuse('not_permitted', 'call of read_file: no policy permits it'), {
      requestId,
      agent: principal.agent,
      person: principal.person,
      tenant: undefined,
      kind: 'event',
      status: 'ok',
    } as never)
  }
  await until(() => log.waiting === 0)
  expect(place.stored().map(({ entry }) => [entry.kind, entry.requestId, entry.status, entry.tenant])).toEqual([
    ['refusal', 'r1', 'not_permitted', 'default'],
    ['refusal', 'r2', 'not_permitted', 'default'],
    ['refusal', 'r3', 'not_permitted', 'default'],
  ])
})

test('a flood of unauthenticated refusals is counted by peer, reason and minute', async () => {
  const place = new AuditPlace()
  let now = Date.UTC(2026, 10, 20, 12, 0, 1)
  const log = await place.open({ clock: { now: () => now, monotonic: () => performance.now() } })
  const flood = (times: number, peer: string) => {
    for (let index = 0; index < times; index++)
      log.refuse(refuse('token_missing', 'no token'), { requestId: `r${index}`, peer })
  }
  flood(1000, '10.0.0.1')
  flood(1, '10.0.0.2')
  now += 60_000
  flood(3, '10.0.0.1')
  await log.stop()
  expect(place.stored().map(({ entry }) => [entry.peer, entry.requestId, entry.count])).toEqual([
    ['10.0.0.1', 'r0', undefined],
    ['10.0.0.2', 'r0', undefined],
    ['10.0.0.1', 'r999', 999],
    ['10.0.0.1', 'r0', undefined],
    ['10.0.0.1', 'r2', 2],
  ])
})

test('threat 86: entries can be neither changed nor removed by a statement', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  await log.open(authorizedOf(), plan)
  const database = new DatabaseSync(place.file)
  for (const statement of [
    "update entries set canonical = '{}'",
    'delete from entries',
    'update entries set position = 9',
  ]) {
    expect(() => database.exec(statement), statement).toThrow('the log is append-only')
  }
  database.close()
  expect(flawsOf(place.stored())).toEqual([])
})

test('the files are readable by this user alone', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  await log.open(authorizedOf(), plan)
  const names = readdirSync(place.folder).filter((name) => name.startsWith('audit.db'))
  expect(names).toHaveLength(3)
  const modes = names.map((name) => (statSync(path.join(place.folder, name)).mode & 0o777).toString(8))
  expect(new Set(modes)).toEqual(new Set(['600']))
})

test('after stop nothing is recorded, and so nothing is allowed', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  const intent = await log.open(authorizedOf(), plan)
  log.close(intent, answered)
  await log.stop()
  await log.stop()
  await expect(log.open(authorizedOf(), plan)).rejects.toThrow(LogUnavailable)
  await expect(log.append({ kind: 'event', requestId: 'r', tenant: 't' })).rejects.toThrow(LogUnavailable)
  log.close(intent, answered)
  expect(place.stored()).toHaveLength(2)
  expect(place.errors).toHaveLength(1)
})

test('a log cannot be opened with a short key, or where its file is none', async () => {
  const place = new AuditPlace()
  await expect(place.open({ commitmentKey: Buffer.alloc(8) })).rejects.toThrow('too short')
  await expect(place.open({ file: place.folder })).rejects.toThrow('unable to open database file')
  const database = new DatabaseSync(place.file)
  database.exec('pragma user_version = 99')
  database.close()
  await expect(place.open()).rejects.toThrow('the log is of version 99')
})
