import { once } from 'node:events'
import { expect, test } from 'vitest'
import { idsOf, inspect, killRuns, startWriter } from './kill.ts'
import { AuditPlace } from './place.ts'

test('threat 85: what was acknowledged outlives a kill at any time', async () => {
  const { file } = new AuditPlace()
  const { acknowledged, lost, flaws } = await killRuns(file, 3)
  expect(acknowledged).toBeGreaterThan(0)
  expect(lost).toBe(0)
  expect(flaws).toEqual([])
})

test('threat 83: where the system refuses to write, calls are refused, and what was acknowledged is there', async () => {
  const { file } = new AuditPlace()
  // The shell limits the size of the files that the writer may write; a write beyond it fails with an I/O error.
  const { child, printed } = startWriter(file, 'sh', ['-c', 'ulimit -f 200; exec "$0" "$@"', process.execPath])
  await once(child, 'close')
  expect(printed()).toContain('! LogUnavailable: false')
  const acknowledged = idsOf(printed())
  expect(acknowledged.length).toBeGreaterThan(10)
  expect(inspect(file, acknowledged)).toEqual({ lost: 0, flaws: [] })
})
