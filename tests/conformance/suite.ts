/** Runs the MCP conformance suite, in a process of its own, and reads what it found. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { repository } from '../harness/gateway.ts'

const suite = path.join(repository, 'node_modules', '@modelcontextprotocol', 'conformance')
const timeoutMs = 80_000
const scenarioTimeoutMs = 15_000

/** What came of a scenario: `{check} {SUCCESS|FAILURE|WARNING|SKIPPED}`, sorted. What only informs is left out. */
export type Verdicts = readonly string[]

/** By scenario, those that the suite runs without scoring them too. */
export type Findings = ReadonlyMap<string, Verdicts>

export function passes(verdicts: Verdicts | undefined): boolean {
  return verdicts?.some((verdict) => verdict.endsWith(' SUCCESS')) === true && !failed(verdicts)
}

export function failed(verdicts: Verdicts): boolean {
  return verdicts.some((verdict) => verdict.endsWith(' FAILURE'))
}

/** The scenarios that a server has to pass to conform to a revision, as the suite froze them. */
export async function requiredOf(revision: string): Promise<string[]> {
  const text = await readFile(path.join(suite, 'requirements', `${revision}.yaml`), 'utf8')
  const [, list = ''] = /^server:\n((?: {2}- [\w-]+\n)+)/m.exec(text) ?? []
  return list.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(4)]))
}

export async function runSuite(url: string, revision: string): Promise<Findings> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sallyport-conformance-'))
  try {
    const args = ['server', '--url', url, '--requirements', revision, '--output-dir', directory]
    const output = await run([path.join(suite, 'dist', 'index.js'), ...args, '--timeout', String(scenarioTimeoutMs)])
    const findings = new Map<string, Verdicts>()
    for (const folder of await readdir(directory)) {
      const [, scenario] = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(folder) ?? []
      if (scenario !== undefined) findings.set(scenario, await verdictsIn(path.join(directory, folder, 'checks.json')))
    }
    if (findings.size === 0) throw new Error(`the suite ran nothing:\n${output}`)
    return findings
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function verdictsIn(file: string): Promise<Verdicts> {
  const checks = JSON.parse(await readFile(file, 'utf8')) as { id: string; status: string }[]
  return checks
    .filter(({ status }) => status !== 'INFO')
    .map(({ id, status }) => `${id} ${status}`)
    .sort()
}

/** All that it printed. Its exit code says nothing that its findings do not. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const output: string[] = []
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH ?? '', HOME: tmpdir() },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk))
    }
    child.once('error', reject)
    child.once('close', (_, signal) => {
      if (signal === null) resolve(output.join(''))
      else reject(new Error(`the suite was ended by ${signal} after ${timeoutMs} ms:\n${output.join('')}`))
    })
  })
}
