/**
 * Runs the steps of a check one after the other, stops nothing early, and counts tests. A step of Vitest counts as many
 * tests as it ran; any other counts as one.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const root = path.dirname(import.meta.dirname)

export interface Step {
  readonly name: string
  /** The tool's own file, relative to the root, run by this Node: nothing on the PATH is trusted to be the right version. */
  readonly file: string
  readonly args: readonly string[]
  readonly timeoutSeconds: number
  /** Projects of vitest.config.ts; the step's count is theirs. */
  readonly projects?: readonly string[]
}

export interface Count {
  readonly passed: number
  readonly failed: number
}

interface Ran {
  readonly code: number
  readonly output: string
}

/** All steps together; what continuous integration allows, less a margin. */
const budgetSeconds = 18 * 60

/** @returns the exit code. The last line on standard output is `N passed, N failed`. */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  const began = performance.now()
  const left = (): number => Math.max(1, budgetSeconds - (performance.now() - began) / 1_000)
  const done: { readonly step: Step; readonly count: Count; readonly seconds: number }[] = []
  for (const step of steps) {
    const start = performance.now()
    process.stdout.write(`\n== ${step.name}\n`)
    const bounded = { ...step, timeoutSeconds: Math.min(step.timeoutSeconds, left()) }
    const count = step.projects === undefined ? await runTool(bounded) : await runTests(bounded, step.projects)
    const seconds = (performance.now() - start) / 1_000
    done.push({ step, count, seconds })
    process.stdout.write(`== ${step.name}: ${verdict(count)} in ${seconds.toFixed(1)} s\n`)
  }
  const total = done.reduce((sum, { count }) => add(sum, count), { passed: 0, failed: 0 })
  const width = Math.max(...steps.map(({ name }) => name.length))
  process.stdout.write('\n')
  for (const { step, count, seconds } of done) {
    process.stdout.write(`${step.name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${verdict(count)}\n`)
  }
  process.stdout.write(`in all ${((performance.now() - began) / 1_000).toFixed(0)} s\n${verdict(total)}\n`)
  return total.failed === 0 && total.passed > 0 ? 0 : 1
}

function add(a: Count, b: Count): Count {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed }
}

function verdict({ passed, failed }: Count): string {
  return `${passed} passed, ${failed} failed`
}

/** Quiet where it passes: what a tool prints is shown when it fails. */
async function runTool(step: Step): Promise<Count> {
  const { code, output } = await run(step, step.args, 'capture')
  if (code === 0) return { passed: 1, failed: 0 }
  process.stdout.write(output.endsWith('\n') ? output : `${output}\n`)
  return { passed: 0, failed: 1 }
}

async function runTests(step: Step, projects: readonly string[]): Promise<Count> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-tests-'))
  try {
    const report = path.join(folder, 'report.json')
    const chosen = projects.map((project) => `--project=${project}`)
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const { code } = await run(step, [...step.args, ...chosen, ...reporters], 'show')
    return countReport(readReport(report), code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The members of Vitest's JSON report (Jest's format) that are counted. */
export interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/**
 * A test that did not run to its end counts as failed, skipped ones too; so does a file that could not be loaded, and
 * a run that ended badly with nothing else to blame (an unhandled rejection, a crash, no report).
 */
export function countReport(report: Report | undefined, code: number): Count {
  const files = report?.testResults ?? []
  const tests = files.flatMap((file) => file.assertionResults)
  const passed = tests.filter(({ status }) => status === 'passed').length
  const failed = tests.length - passed
  const broken = files.filter(
    (file) => file.status !== 'passed' && file.assertionResults.every(({ status }) => status === 'passed'),
  ).length
  const blame = failed + broken
  return { passed, failed: blame === 0 && (code !== 0 || tests.length === 0) ? 1 : blame }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}

/** In a process group of its own, so that a step which takes too long, or is interrupted, ends with all it started. */
function run(step: Step, args: readonly string[], output: 'capture' | 'show'): Promise<Ran> {
  return new Promise((resolve) => {
    const stdio = output === 'show' ? 'inherit' : 'pipe'
    const child = spawn(process.execPath, [path.join(root, step.file), ...args], {
      cwd: root,
      detached: true,
      stdio: ['ignore', stdio, stdio],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    })
    const chunks: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
    const end = (): void => killGroup(child.pid)
    const interrupted = (): never => {
      end()
      process.exit(130)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.once(signal, interrupted)
    const timer = setTimeout(() => {
      process.stdout.write(`\n${step.name} took over ${step.timeoutSeconds.toFixed(0)} s and was ended\n`)
      end()
    }, step.timeoutSeconds * 1_000)
    const settle = (code: number): void => {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, interrupted)
      end()
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') })
    }
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`))
      settle(1)
    })
    child.on('close', (code) => settle(code ?? 1))
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group has ended, as it should.
  }
}
