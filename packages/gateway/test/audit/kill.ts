import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAuditReader } from '../../src/audit/index.ts'
import { flawsOf } from './flaws.ts'

export interface KillReport {
  readonly runs: number
  /** Intents whose ids were printed. */
  readonly acknowledged: number
  /** Of those, the ones that are not in the log. */
  readonly lost: number
  readonly flaws: readonly string[]
}

/** Kills a writer of this log with SIGKILL at a random time, again and again, and reads afterwards what is there. */
export async function killRuns(file: string, runs: number): Promise<KillReport> {
  const acknowledged: string[] = []
  for (let run = 0; run < runs; run++) {
    const writer = startWriter(file, process.execPath, [])
    const ended = once(writer.child, 'close')
    while (writer.printed() === '' && writer.child.exitCode === null) await sleep(1)
    await sleep(randomInt(0, 250))
    writer.child.kill('SIGKILL')
    const [, signal] = await ended
    if (signal !== 'SIGKILL') throw new Error(`run ${run} ended before it was killed: ${writer.printed().slice(-200)}`)
    acknowledged.push(...idsOf(writer.printed()))
  }
  return { runs, acknowledged: acknowledged.length, ...inspect(file, acknowledged) }
}

/**
 * Starts a process that appends until it ends. It prints into a file: a pipe may be full, and what is in a file outlives
 * a kill.
 */
export function startWriter(file: string, command: string, before: readonly string[]) {
  const prints = `${file}.acknowledged`
  const descriptor = openSync(prints, 'w')
  const program = path.join(import.meta.dirname, 'kill-child.ts')
  const child = spawn(command, [...before, program, file], { stdio: ['ignore', descriptor, 'inherit'] })
  closeSync(descriptor)
  return { child, printed: () => readFileSync(prints, 'utf8') }
}

/** The last line may be cut by the kill, and one that was never printed whole was never acknowledged. */
export function idsOf(printed: string): readonly string[] {
  return printed
    .split('\n')
    .slice(0, -1)
    .filter((line) => !line.startsWith('!'))
}

export function inspect(file: string, acknowledged: readonly string[]): Pick<KillReport, 'lost' | 'flaws'> {
  const reader = openAuditReader(file)
  const stored = []
  for (let position = 0; ; position += 10_000) {
    const page = reader.after(position, 10_000)
    stored.push(...page)
    if (page.length < 10_000) break
  }
  reader.close()
  const ids = new Set(stored.map(({ entry }) => entry.id))
  const strays = stored.filter(({ entry }) => entry.kind === 'outcome' && !ids.has(entry.of ?? ''))
  return {
    lost: acknowledged.filter((id) => !ids.has(id)).length,
    flaws: [...flawsOf(stored), ...strays.map(({ entry }) => `${entry.id} closes an intent that is not there`)],
  }
}
