/**
 * `npm run bench -- [--json] [--runs N] [--seconds S] [--concurrency N]`
 *
 * CPU time of the gateway with everything on, beside nginx and the least proxy that this Node can be, interleaved on one
 * machine and through the same request. With `--json` the last line is `Figures`. Times are of the machine and its other
 * load; the ratios say more. Linux alone, because CPU times are read from /proc.
 */
import { parseArgs } from 'node:util'
import { figuresOf, type Sample, tableOf } from './figures.ts'
import type { Outcome, Task } from './load.ts'
import { cpuMicros, LineProcess } from './processes.ts'
import { startTargets, type Target } from './targets.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '32' },
  },
})
if (process.platform !== 'linux') fail('CPU times are read from /proc: run this on Linux')
const runs = wholeNumber('runs', values.runs, 100)
const seconds = wholeNumber('seconds', values.seconds, 60)
const concurrency = wholeNumber('concurrency', values.concurrency, 512)

function wholeNumber(name: string, text: string, maximum: number): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= maximum) return Number(text)
  return fail(`--${name}: \`${text}\` is not a whole number from 1 to ${maximum}`)
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

const targets = await startTargets(concurrency)
const load = new LineProcess<Outcome>('load.ts', [])
let stopping: Promise<void> | undefined
const stop = (): Promise<void> => {
  stopping ??= targets.stop().finally(() => load.child.kill())
  return stopping
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stop().finally(() => process.exit(130)))

try {
  await bench()
} finally {
  await stop()
}

async function bench(): Promise<void> {
  const calls = await warmUp()
  const samples = new Map<Target['name'], Sample[]>(targets.all.map(({ name }) => [name, []]))
  for (let round = 0; round < runs; round += 1) {
    const token = await targets.token()
    const turn = round % targets.all.length
    for (const target of [...targets.all.slice(turn), ...targets.all.slice(0, turn)]) {
      const sample = await measure(target, token, calls)
      samples.get(target.name)?.push(sample)
      say(
        `round ${round + 1} of ${runs}  ${target.name.padEnd(8)} ${sample.microsPerCall.toFixed(1).padStart(6)} µs per call`,
      )
    }
  }
  const all = { nginx: samples.get('nginx'), bare: samples.get('bare') ?? [], gateway: samples.get('gateway') ?? [] }
  const figures = figuresOf(all, calls * runs, concurrency)
  say(`\n${tableOf(all, figures)}`)
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
}

/** Until every target is compiled and connected; then as many calls a round as the slowest does in the time asked for. */
async function warmUp(): Promise<number> {
  const token = await targets.token()
  let slowest = Number.POSITIVE_INFINITY
  for (const target of targets.all) {
    await send(target, token, 2_000)
    const { seconds: took } = await send(target, token, 8_000)
    slowest = Math.min(slowest, 8_000 / took)
  }
  return Math.max(1_000, Math.ceil((slowest * seconds) / 1_000) * 1_000)
}

async function measure(target: Target, token: string, calls: number): Promise<Sample> {
  await send(target, token, 1_000)
  const before = cpuMicros(target.pids)
  const outcome = await send(target, token, calls)
  const microsPerCall = (cpuMicros(target.pids) - before) / calls
  return { microsPerCall, callsPerSecond: calls / outcome.seconds, p50Ms: outcome.p50Ms, p99Ms: outcome.p99Ms }
}

async function send(target: Target, token: string, calls: number): Promise<Outcome> {
  load.tell({ url: target.url, token, calls, concurrency } satisfies Task)
  return load.said(60 + seconds * 10)
}

/** Progress and the table; apart from the line of JSON where that is wanted. */
function say(text: string): void {
  ;(values.json ? process.stderr : process.stdout).write(`${text}\n`)
}
