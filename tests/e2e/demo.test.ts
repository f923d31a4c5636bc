/** `npm run demo -- --json`, but for the bootstrap: the story of the compromised vendor holds, and its figures are measured. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../harness/gateway.ts'

test('the demo ends with a table and, last, its figures', { timeout: 120_000 }, () => {
  const main = path.join(repository, 'packages', 'gateway', 'src', 'cli', 'main.ts')
  const demo = spawnSync(process.execPath, [main, 'demo', '--json'], { encoding: 'utf8', timeout: 110_000 })
  expect(demo.status, demo.stderr + demo.stdout).toBe(0)
  const lines = demo.stdout.trimEnd().split('\n')
  const figures = JSON.parse(lines.at(-1) ?? '')
  expect(figures).toMatchObject({ upstreams: 3, inboundTokenSightings: 0, auditComplete: true })
  expect(figures.calls).toBeGreaterThan(60)
  expect(figures.replaysTried).toBeGreaterThan(0)
  expect(figures.replaysRefused).toBe(figures.replaysTried)
  expect(figures.echoesTried).toBeGreaterThan(0)
  expect(figures.echoesBlocked).toBe(figures.echoesTried)
  expect(figures.auditEntries).toBeGreaterThan(2 * figures.calls)
  expect(Object.keys(figures)).toHaveLength(9)
  expect(lines.filter((line) => line.endsWith('  held')).length).toBeGreaterThan(20)
  expect(demo.stdout).not.toContain('BROKEN')
})
