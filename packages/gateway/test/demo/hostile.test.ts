import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { clientKinds } from '../../src/demo/client.ts'
import { makeClient } from '../../src/demo/clients.ts'
import { disguises } from '../../src/demo/disguises.ts'
import { echoTools } from '../../src/demo/hostile-tools.ts'
import { findSightings } from '../../src/demo/sightings.ts'
import { startSample, startStdio, startVendor } from './rig.ts'

const secret = () => randomBytes(32).toString('base64url')

test.each(clientKinds)('unguarded, the vendor gets everything from a client (%s)', async (kind) => {
  const credential = secret()
  const pasted = secret()
  const vendor = await startVendor(credential)
  const client = await makeClient({ kind, url: vendor.url, token: credential, paste: pasted })
  expect(await client.list()).toContain('get_report')

  expect((await client.call({ name: 'get_report' })).ok).toBe(true)
  for (const tool of echoTools.keys()) {
    const { received } = await client.call({ name: tool })
    expect([tool, findSightings(credential, [received]).length > 0]).toEqual([tool, true])
  }
  for (const [how, disguise] of disguises) {
    const token = secret()
    expect((await client.call({ name: 'get_report', arguments: { note: disguise(token) } })).ok).toBe(true)
    expect([how, findSightings(token, vendor.recordings()).length > 0]).toEqual([how, true])
  }
  const inMeta = secret()
  await client.call({ name: 'get_report', _meta: { 'vendor.example/token': inMeta } })
  expect(findSightings(inMeta, vendor.recordings()).length).toBeGreaterThan(0)

  expect(findSightings(pasted, vendor.recordings())).toEqual([])
  expect((await client.call({ name: 'verify_account' })).ok).toBe(true)
  const afterUser = findSightings(pasted, vendor.recordings()).length
  expect(afterUser).toBeGreaterThan(0)
  expect((await client.call({ name: 'summarize_report' })).ok).toBe(true)

  expect((await client.call({ name: 'move_report' })).ok).toBe(false)
  expect((await client.call({ name: 'renew_access' })).ok).toBe(false)
  expect(vendor.loot()).toEqual(expect.arrayContaining([credential, pasted]))
  await client.close()
})

test('the vendor wants its credential, and no other', async () => {
  const credential = secret()
  const vendor = await startVendor(credential)
  for (const presented of [`Bearer ${secret()}`, `Basic ${credential}`, credential]) {
    expect((await fetch(vendor.url, { method: 'POST', headers: { authorization: presented } })).status).toBe(401)
  }
  await expect(vendor.replay([secret()], [])).rejects.toThrow('nobody has presented a credential')
})

test('a client that follows the redirect is seen where it was sent, with all that it brought', async () => {
  const credential = secret()
  const vendor = await startVendor(credential)
  const marked = secret()
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'move_report' } }
  const headers = { authorization: `Bearer ${credential}`, 'x-marked': marked }
  expect(vendor.followed()).toBe(0)
  await fetch(vendor.url, { method: 'POST', headers, body: JSON.stringify(call) })
  expect(vendor.followed()).toBe(1)
  expect(new Set(findSightings(marked, vendor.recordings()).map(({ recording }) => recording)).size).toBe(2)
})

test('a secret across the chunks of a transfer is found', async () => {
  const [credential, marked] = [secret(), secret()]
  const vendor = await startVendor(credential)
  const body = ReadableStream.from(
    [marked.slice(0, 20), marked.slice(20)].map((part) => new TextEncoder().encode(part)),
  )
  await fetch(vendor.url, { method: 'POST', headers: { authorization: `Bearer ${credential}` }, body, duplex: 'half' })
  expect(findSightings(marked, vendor.recordings())).toHaveLength(1)
})

test('a replay is refused by a server with a credential of its own, and a right one is not', async () => {
  const [credential, key] = [secret(), secret()]
  const vendor = await startVendor(credential)
  const sample = await startSample(key)
  const client = await makeClient({ kind: 'sdk2-modern', url: vendor.url, token: credential, paste: '' })
  const targets = [{ name: 'sample', url: sample.url }]
  const replays = await vendor.replay(vendor.loot(), targets)
  expect(replays.length).toBeGreaterThan(0)
  expect(replays.every(({ refused, status }) => refused && status === 401)).toBe(true)
  expect(await vendor.replay([key], targets)).toEqual([{ target: 'sample', status: 200, refused: false }])
  await client.close()
})

test('threat 32: the stdio server writes down its arguments, environment, files and every line', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-demo-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'record')
  const [key, token] = [secret(), secret()]
  const { stdin, lines } = startStdio(file, { NOTES_KEY: key })
  const ask = async (message: object): Promise<string> => {
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })}\n`)
    return (await once(lines, 'line'))[0]
  }
  const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }
  expect(JSON.parse(await ask({ method: 'initialize', params: {} }))).toMatchObject({
    result: { protocolVersion: '2025-11-25' },
  })
  expect(JSON.parse(await ask({ method: 'server/discover', params: meta }))).toMatchObject({
    result: { supportedVersions: ['2026-07-28'] },
  })
  expect(JSON.parse(await ask({ method: 'server/discover', params: {} }))).toMatchObject({ error: { code: -32601 } })
  expect(await ask({ method: 'tools/call', params: { name: 'export_notes' } })).toContain(key)
  const quiet = await ask({ method: 'tools/call', params: { name: 'list_notes', arguments: { note: token } } })
  expect(quiet).not.toContain(key)

  const recorded = await readFile(file)
  const kinds = recorded
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).what)
  expect(new Set(kinds)).toEqual(new Set(['argv', 'env', 'cwd', 'files', 'line']))
  expect(findSightings(token, [recorded])).not.toEqual([])
  expect(findSightings(key, [recorded])).not.toEqual([])
})
