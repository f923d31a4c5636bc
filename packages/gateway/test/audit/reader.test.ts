import { expect, test } from 'vitest'
import { openAuditReader } from '../../src/audit/index.ts'
import { AuditPlace, until } from './place.ts'

test('the reader gives pages, the last ones, one by id, and follows', async () => {
  const place = new AuditPlace()
  const log = await place.open()
  for (let index = 0; index < 5; index++) await log.append({ kind: 'event', requestId: `r${index}`, tenant: 'default' })
  await log.stop()
  const reader = openAuditReader(place.file)
  const ids = (stored: ReturnType<typeof reader.after>) => stored.map(({ entry }) => entry.requestId)
  expect(ids(reader.after(0, 2))).toEqual(['r0', 'r1'])
  expect(ids(reader.after(3, 100))).toEqual(['r3', 'r4'])
  expect(ids(reader.last(2))).toEqual(['r3', 'r4'])
  expect(reader.last(0)).toEqual([])
  expect(reader.after(-5, -1)).toEqual([])
  const writer = reader.last(1)[0]?.entry.writer
  expect(reader.get(`${writer}-2`)?.requestId).toBe('r1')
  for (const id of [`${writer}-6`, `${writer}-02`, `${writer}`, '', 'x-1', `${writer}-1e0`])
    expect(reader.get(id)).toBeUndefined()

  const again = await place.open()
  const seen: string[] = []
  const stop = new AbortController()
  const following = (async () => {
    for await (const { entry } of reader.follow(4, 5, stop.signal)) seen.push(entry.requestId)
  })()
  await until(() => seen.length === 1)
  await again.append({ kind: 'event', requestId: 'r5', tenant: 'default' })
  await until(() => seen.length === 2)
  stop.abort()
  await following
  expect(seen).toEqual(['r4', 'r5'])
  reader.close()
})

test('a log that is not there cannot be read', () => {
  const place = new AuditPlace()
  expect(() => openAuditReader(place.file)).toThrow('unable to open database file')
})
