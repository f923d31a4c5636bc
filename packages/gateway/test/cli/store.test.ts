import { expect, test } from 'vitest'
import type { StoredTool } from '../../src/store/index.ts'
import { fill, seenAt, stored } from './filled.ts'
import { canary, openConfigured } from './rig.ts'

function tool(name: string, title: string, state: StoredTool['state']): StoredTool {
  return stored(name, { title, inputSchema: { type: 'object' } }, state)
}

/** Two pending definitions of one name whose hashes start with the same four digits. */
function twins(name: string): readonly StoredTool[] {
  const seen = new Map<string, StoredTool>()
  for (let number = 0; ; number += 1) {
    const one = tool(name, `twin ${number}`, 'pending')
    const other = seen.get(one.hash.slice(0, 4))
    if (other !== undefined) return [other, one]
    seen.set(one.hash.slice(0, 4), one)
  }
}

const tools = [
  tool('search', 'a', 'accepted'),
  tool('search', 'b', 'pending'),
  tool('delete', 'c', 'accepted'),
  tool('delete', 'd', 'pending'),
  tool('delete', 'e', 'pending'),
  { ...tool('evil\u001b[2J\u202e', 'f', 'pending'), pendingReason: 'no schema\naccepted vendor fine' },
]
const [searchA, searchB, deleteC, deleteD] = tools.map(({ hash }) => hash)

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
  expect((await terminal.run(`pin accept vendor delete ${deleteC?.slice(0, 4)}`)).code).toBe(1)
  expect((await terminal.run(`pin accept vendor delete ${deleteD?.slice(0, 8)} --json`)).code).toBe(0)
  expect((await terminal.run('pin accept vendor unseen')).code).toBe(1)
  expect((await terminal.run('pin list vendor')).code).toBe(0)
  expect((await terminal.run('pin list files')).code).toBe(0)
  const listed = JSON.parse((await terminal.run('pin list --json')).stdout)
  expect(listed).toContainEqual({
    upstream: 'vendor',
    name: 'delete',
    hash: deleteD,
    state: 'accepted',
    seenAt,
    acceptedAt: Date.UTC(2026, 10, 20, 12),
  })
  await expect(terminal.transcript()).toMatchFileSnapshot('golden/pin.txt')
  expect(terminal.transcript().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('pin accept: one that was superseded, by its hash; and back again', async () => {
  const terminal = await openConfigured()
  await fill(terminal, tools)
  for (const hash of [searchB, searchA, searchB]) {
    expect((await terminal.run(`pin accept vendor search ${hash?.slice(0, 12)}`)).code).toBe(0)
  }
  const bare = await terminal.run('pin accept vendor search')
  expect([bare.code, bare.stderr]).toEqual([1, expect.stringContaining('no definition of `vendor/search` is pending')])
  const listed = JSON.parse((await terminal.run('pin list vendor --json')).stdout) as StoredTool[]
  const states = listed.filter(({ name }) => name === 'search').map(({ hash, state }) => [hash, state])
  expect(new Map(states as [string, string][])).toEqual(
    new Map([
      [searchA, 'superseded'],
      [searchB, 'accepted'],
    ]),
  )
})

test('pin accept: a hash prefix that several definitions share is refused, and nothing is accepted', async () => {
  const terminal = await openConfigured()
  const [one, other] = twins('search')
  await fill(terminal, [tool('search', 'a', 'accepted'), ...twins('search')])
  const before = (await terminal.run('pin list --json')).stdout
  const { code, stderr } = await terminal.run(`pin accept vendor search ${one?.hash.slice(0, 4)}`)
  expect(code).toBe(1)
  for (const tool of [one, other]) expect(stderr).toContain(tool?.hash.slice(0, 12))
  expect((await terminal.run('pin list --json')).stdout).toBe(before)
  expect((await terminal.run(`pin accept vendor search ${other?.hash}`)).code).toBe(0)
})

test('threat 61: pin accept refuses what could never be called, and says why', async () => {
  const terminal = await openConfigured()
  const leading = stored('search', { inputSchema: { $ref: 'http://evil.example/' } }, 'pending')
  const { definition } = stored('delete', { inputSchema: {} })
  await fill(terminal, [leading, { ...tool('delete', 'd', 'pending'), definition }])
  const schema = await terminal.run('pin accept vendor search')
  expect([schema.code, schema.stderr]).toEqual([1, expect.stringContaining('cannot be accepted: unacceptable schema')])
  const hashed = await terminal.run('pin accept vendor delete')
  expect([hashed.code, hashed.stderr]).toEqual([1, expect.stringContaining('does not match its hash')])
  const states = JSON.parse((await terminal.run('pin list --json')).stdout).map(({ state }: StoredTool) => state)
  expect(states).toEqual(['pending', 'pending'])
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
