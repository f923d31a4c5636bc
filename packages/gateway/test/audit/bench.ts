/**
 * What the log costs, by hand: `node packages/gateway/test/audit/bench.ts [concurrent] [calls]`. A call is an intent
 * awaited and an outcome not awaited. Prints one line of JSON; microseconds a call.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openAuditLog } from '../../src/audit/index.ts'
import { answered, authorizedOf, callOf, commitmentKey, plan, random, systemClock } from './call.ts'

const concurrent = Number(process.argv[2] ?? 32)
const calls = Number(process.argv[3] ?? 100_000)
const folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-audit-bench-'))
let commits = 0
const log = await openAuditLog({
  file: path.join(folder, 'audit.db'),
  tenant: 'default',
  commitmentKey,
  clock: systemClock,
  random,
  onError: (error) => {
    throw error
  },
  onCommit: () => commits++,
})
const { decision } = authorizedOf()

async function run(total: number): Promise<void> {
  let left = total
  await Promise.all(
    Array.from({ length: concurrent }, async () => {
      while (left-- > 0)
        log.close(await log.open(authorizedOf(callOf({ requestId: `req-${left}` }), { decision }), plan), answered)
    }),
  )
}

await run(10_000)
commits = 0
const before = { process: process.cpuUsage(), thread: process.threadCpuUsage(), ms: performance.now() }
await run(calls)
const whole = process.cpuUsage(before.process)
const main = process.threadCpuUsage(before.thread)
const ms = performance.now() - before.ms
const perCall = (microseconds: number) => Math.round((microseconds / calls) * 100) / 100
process.stdout.write(
  `${JSON.stringify({
    concurrent,
    calls,
    mainThreadMicroseconds: perCall(main.user + main.system),
    processMicroseconds: perCall(whole.user + whole.system),
    callsPerSecond: Math.round(calls / (ms / 1000)),
    callsPerCommit: Math.round((calls / commits) * 10) / 10,
  })}\n`,
)
await log.stop()
rmSync(folder, { recursive: true })
