import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { child, collect, idsOf, inspect, killRuns } from './kill.ts'
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
  // The shell limits the size of the files that the writer may write; the write then fails with an I/O error.
  const limited = ['-c', 'ulimit -f 200; exec "$0" "$@"', process.execPath, child, file]
  const writer = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = collect(writer)
  await once(writer, 'close')
  expect(printed()).toContain('! LogUnavailable: false')
  const acknowledged = idsOf(printed())
  expect(acknowledged.length).toBeGreaterThan(10)
  expect(inspect(file, acknowledged)).toEqual({ lost: 0, flaws: [] })
})
