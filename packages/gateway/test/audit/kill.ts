import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
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

export const child = path.join(import.meta.dirname, 'kill-child.ts')

/** Kills a writer of this log with SIGKILL at a random time, again and again, and reads afterwards what is there. */
export async function killRuns(file: string, runs: number): Promise<KillReport> {
  const acknowledged: string[] = []
  for (let run = 0; run < runs; run++) {
    const writer = spawn(process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed = collect(writer)
    await once(writer.stdout, 'data')
    const killing = setTimeout(() => writer.kill('SIGKILL'), randomInt(0, 250))
    await once(writer, 'close')
    clearTimeout(killing)
    acknowledged.push(...idsOf(printed()))
  }
  return { runs, acknowledged: acknowledged.length, ...inspect(file, acknowledged) }
}

/** What a child has printed so far. */
export function collect({ stdout }: ChildProcess): () => string {
  let text = ''
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
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
