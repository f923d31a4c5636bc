import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { later } from './serve.ts'
import { isAlive, resultOf, script, start, tool } from './stdio-rig.ts'
import { Client } from './support.ts'

describe('lives of children', () => {
  test('one for each principal by default; one for all where that is configured', async () => {
    const own = start('modern')
    const pidOf = async (made: typeof own, subject: string) => resultOf(await made.send(tool('pid'), { subject })).pid
    const [ada, bob, again] = [await pidOf(own, 'ada'), await pidOf(own, 'bob'), await pidOf(own, 'ada')]
    expect(ada).not.toBe(bob)
    expect(again).toBe(ada)
    const shared = start('modern', '', { isolation: 'shared' })
    expect(await pidOf(shared, 'ada')).toBe(await pidOf(shared, 'bob'))
  })

  test('a crash fails the calls under way, of which nobody knows whether they ran; the next child waits', async () => {
    const { send } = start('modern')
    const { pid } = resultOf(await send(tool('pid')))
    const silent = send(tool('silent'))
    expect(await send(tool('exit'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
    expect(await silent).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: true })
    expect(await send(tool('pid'))).toMatchObject({ kind: 'refused', sent: false, refusal: { retryAfterSeconds: 1 } })
    expect(resultOf(await send(tool('pid'), { subject: 'bob' })).pid).toBeGreaterThan(0)
    await expect.poll(async () => (await send(tool('pid'))).kind, { timeout: 3_000 }).toBe('response')
    expect(resultOf(await send(tool('pid'))).pid).not.toBe(pid)
  })

  test('one that never gets ready is not started again and again', async () => {
    const { send } = start('modern', 'crash')
    expect(await send(tool('pid'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: false,
    })
    expect(await send(tool('pid'), { subject: 'bob' })).toMatchObject({
      refusal: { reason: 'upstream_unavailable', retryAfterSeconds: 1 },
    })
    const missing = start('modern', '', { command: '/nowhere/server' })
    const answer = await missing.send(tool('pid'))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: false })
    expect(JSON.stringify(answer)).toContain('ENOENT')
  })

  test('a line without an end, or a silent child, ends the call', async () => {
    const { send } = start('modern')
    expect(await send(tool('long'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_unavailable' },
      sent: true,
    })
    const limits = { responseTimeoutMs: 150, idleTimeoutMs: 150, messageBytes: 10_000 }
    const slow = start('modern', '', { limits })
    expect(await slow.send(tool('silent'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'upstream_timeout' },
      sent: true,
    })
    expect(resultOf(await slow.send(tool('seen'))).cancelled).toHaveLength(1)
    expect(await slow.send(tool('half'))).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_timeout' } })
  })

  test('an idle one is stopped, with its descendants', async () => {
    const { send, egress } = start('modern', '', { idleStopMs: 100 })
    const { pid, descendant } = resultOf(await send(tool('descendant')))
    expect([isAlive(pid), isAlive(descendant)]).toEqual([true, true])
    await expect.poll(() => egress.states()[0]?.children, { timeout: 5_000 }).toBe(0)
    await expect.poll(() => isAlive(pid) || isAlive(descendant)).toBe(false)
  })

  test('the end of the gateway ends all, also one that does not listen', async () => {
    const made = start('modern', 'deaf')
    const { pid, descendant } = resultOf(await made.send(tool('descendant')))
    await made.egress.stop()
    expect(isAlive(pid)).toBe(false)
    await expect.poll(() => isAlive(descendant)).toBe(false)
    expect(await made.send(tool('pid'))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'shutting_down' },
      sent: false,
    })
  }, 10_000)

  test('a rotated credential gets a child of its own', async () => {
    const made = start('modern')
    const first = resultOf(await made.send(tool('pid'))).pid
    const { intent, credential } = await made.intentOf(tool('pid'))
    const rotated = { ...credential, environment: { API_KEY: 'another-secret-of-some-length' } }
    const answer = await made.egress.invoke(intent, rotated, { matches: () => false }, new Client())
    expect(resultOf(answer).pid).not.toBe(first)
    await expect.poll(() => isAlive(first)).toBe(false)
  })

  test('a client that has gone while its child started: nothing is sent', async () => {
    const { send } = start('modern')
    const relay = new Client()
    const pending = send(tool('pid'), { relay })
    relay.leave()
    expect(await pending).toMatchObject({ kind: 'refused', sent: false })
    expect(resultOf(await send(tool('seen'))).cancelled).toEqual([])
  })

  test('calls under way at one child are bounded', async () => {
    const made = start('modern')
    const calls = Array.from({ length: 70 }, () => made.send(tool('silent')))
    const kinds = () =>
      Promise.all(calls.slice(64).map(async (call) => ((await call) as { refusal: { reason: string } }).refusal.reason))
    expect(await kinds()).toEqual(Array.from({ length: 6 }, () => 'too_many'))
    await made.egress.stop()
    await Promise.all(calls)
  })

  test('a slow reader loses its call, not the child', async () => {
    const limits = { responseTimeoutMs: 2_000, idleTimeoutMs: 2_000, messageBytes: 400 }
    const made = start('modern', '', { limits })
    const relay = new Client()
    relay.takes = false
    const answer = await made.send(tool('progress', { meta: { progressToken: 'm'.repeat(300) } }), { relay })
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'upstream_unavailable' }, sent: true })
    expect(resultOf(await made.send(tool('pid'))).pid).toBeGreaterThan(0)
  })

  test('a gateway that just exits leaves none behind', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-egress-'))
    later(() => rm(folder, { recursive: true }))
    const leaver = fileURLToPath(new URL('./fixtures/leaver.ts', import.meta.url))
    const { stdout, status } = spawnSync(process.execPath, [leaver, script], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 8_000,
    })
    expect(status).toBe(5)
    const { pid, descendant } = JSON.parse(stdout)
    await expect.poll(() => isAlive(pid) || isAlive(descendant)).toBe(false)
  }, 10_000)
})
