import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteStore, type StoredTool } from '../../src/store/index.ts'
import { canary, openConfigured, type Terminal } from './rig.ts'

const seenAt = Date.UTC(2026, 10, 19, 8)

function tool(name: string, letter: string, state: StoredTool['state'], pendingReason?: string): StoredTool {
  const acceptedAt = state === 'accepted' ? seenAt : undefined
  return {
    tenant: 'default',
    upstream: 'vendor',
    name,
    hash: letter.repeat(64),
    definition: '{}',
    state,
    pendingReason,
    seenAt,
    acceptedAt,
  }
}

async function fill(terminal: Terminal, tools: readonly StoredTool[]): Promise<void> {
  await mkdir(path.join(terminal.folder, 'data'))
  const store = await openSqliteStore(path.join(terminal.folder, 'data/sallyport.db'))
  await store.catalogue.add(tools)
  await store.close()
}

const tools = [
  tool('search', 'a', 'accepted'),
  tool('search', 'b', 'pending', 'changed'),
  tool('delete', 'c', 'accepted'),
  tool('delete', 'd', 'pending', 'changed'),
  tool('delete', 'e', 'pending', 'changed'),
  tool('evil\u001b[2J\u202e', 'f', 'pending', 'no schema\naccepted vendor fine'),
]

test('explain: which credential, for whom, from where, until when; never its value', async () => {
  const terminal = await openConfigured()
  for (const name of ['vendor', 'files', 'service']) expect((await terminal.run(`explain ${name}`)).code).toBe(0)
  await fill(terminal, tools)
  expect((await terminal.run('explain vendor')).code).toBe(0)
  const json = await terminal.run('explain service --json')
  expect(JSON.parse(json.stdout)).toMatchObject({
    upstream: 'service',
    audiences: [{ issuer: 'http://127.0.0.1:8080', audience: 'http://127.0.0.1:8080/mcp/service' }],
    credential: { type: 'client_credentials', from: ['${SERVICE_SECRET}'], issuer: 'https://as.example.com' },
  })
  expect((await terminal.run('explain vendr')).code).toBe(1)
  delete terminal.env['VENDOR_KEY']
  expect((await terminal.run('explain vendor')).code).toBe(1)
  await expect(terminal.transcript()).toMatchFileSnapshot('golden/explain.txt')
  expect(terminal.transcript()).not.toContain(canary)
})

test('pin: list, accept, and what cannot be accepted', async () => {
  const terminal = await openConfigured()
  expect((await terminal.run('pin list')).code).toBe(3)
  await fill(terminal, tools)
  expect((await terminal.run('pin list')).code).toBe(0)
  expect((await terminal.run('pin accept vendor search')).code).toBe(0)
  expect((await terminal.run('pin accept vendor search')).code).toBe(1)
  expect((await terminal.run('pin accept vendor delete')).code).toBe(1)
  expect((await terminal.run('pin accept vendor delete ffff')).code).toBe(1)
  expect((await terminal.run('pin accept vendor delete cccc')).code).toBe(1)
  expect((await terminal.run('pin accept vendor delete dddddddd --json')).code).toBe(0)
  expect((await terminal.run('pin accept vendor unseen')).code).toBe(1)
  expect((await terminal.run('pin list vendor')).code).toBe(0)
  expect((await terminal.run('pin list files')).code).toBe(0)
  const listed = JSON.parse((await terminal.run('pin list --json')).stdout)
  expect(listed).toContainEqual({
    upstream: 'vendor',
    name: 'delete',
    hash: 'd'.repeat(64),
    state: 'accepted',
    seenAt,
    acceptedAt: Date.UTC(2026, 10, 20, 12),
  })
  await expect(terminal.transcript()).toMatchFileSnapshot('golden/pin.txt')
  expect(terminal.transcript().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('a store that is none is told, not thrown', async () => {
  const terminal = await openConfigured()
  await terminal.write('data/sallyport.db', 'not a database, '.repeat(300))
  await terminal.write('data/audit.db', 'not a database, '.repeat(300))
  const pins = await terminal.run('pin list')
  expect([pins.code, pins.stderr]).toEqual([3, expect.stringContaining('cannot be opened')])
  const log = await terminal.run('audit tail')
  expect([log.code, log.stderr]).toEqual([3, expect.stringContaining('cannot be opened')])
})
