import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Figures, spread } from '../../bench/figures.ts'

const root = path.resolve(import.meta.dirname, '../..')

function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, [path.join(root, 'bench/run.ts'), ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 100_000,
  })
}

/** That it runs, and that every answer through the gateway was right. How fast is for a quiet machine to say. */
test('the bench measures the gateway beside the bare proxy', { timeout: 120_000 }, () => {
  const { stdout, stderr, status } = bench('--json', '--runs', '1', '--seconds', '1', '--concurrency', '8')
  expect(status, stderr).toBe(process.platform === 'linux' ? 0 : 2)
  if (status !== 0) return
  const figures = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Figures
  expect(figures.calls).toBeGreaterThanOrEqual(1_000)
  expect(figures.concurrency).toBe(8)
  expect(figures.node).toBe(process.version)
  for (const { min, median, max } of [figures.microsPerCall, figures.bareMicros, figures.bareRatio, figures.p99Ms]) {
    expect(min).toBeGreaterThan(0)
    expect(median).toBeGreaterThanOrEqual(min)
    expect(max).toBeGreaterThanOrEqual(median)
  }
})

test.each([
  ['--runs', '0'],
  ['--seconds', 'x'],
  ['--concurrency', '513'],
])('`%s %s` is refused', (option, value) => {
  const { status, stderr } = bench(option, value)
  expect(status).toBe(2)
  expect(stderr).toContain(process.platform === 'linux' ? option : 'Linux')
})

test('a median of an even number lies in the middle', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ min: 1, median: 2.5, max: 4 })
})
