import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type AuditLogOptions,
  leafHash,
  type OpenAuditLog,
  openAuditLog,
  openAuditReader,
  type StoredEntry,
} from '../../src/audit/index.ts'
import { commitmentKey, random, systemClock } from './call.ts'

/** A folder with one log, for one test; all is closed and removed after it. */
export class AuditPlace {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-audit-'))
  readonly file = path.join(this.folder, 'audit.db')
  readonly errors: string[] = []
  readonly #logs: OpenAuditLog[] = []

  constructor() {
    this.trouble('ok')
    onTestFinished(async () => {
      for (const log of this.#logs) await log.stop()
      rmSync(this.folder, { recursive: true })
    })
  }

  async open(differing: Partial<AuditLogOptions> = {}): Promise<OpenAuditLog> {
    const log = await openAuditLog({
      file: this.file,
      tenant: 'default',
      commitmentKey,
      clock: systemClock,
      random,
      onError: ({ message }) => this.errors.push(message),
      ...differing,
    })
    this.#logs.push(log)
    return log
  }

  /** A log whose writer meets what `trouble` says from then on. */
  openFaulty(differing: Partial<AuditLogOptions> = {}): Promise<OpenAuditLog> {
    return this.open({ module: new URL('./faulty-writer.ts', import.meta.url), ...differing })
  }

  trouble(kind: string): void {
    writeFileSync(path.join(this.folder, 'trouble'), kind)
  }

  /** Everything in the log, oldest first. */
  stored(): readonly StoredEntry[] {
    const reader = openAuditReader(this.file)
    try {
      return reader.after(0, 10_000)
    } finally {
      reader.close()
    }
  }
}

/** What is wrong with a log: gaps in positions or in a writer's sequence, ids or leaf hashes that do not fit. */
export function flawsOf(stored: readonly StoredEntry[]): readonly string[] {
  const seqs = new Map<string, number>()
  return stored.flatMap(({ position, entry, canonical, leafHash: hash }, index) => {
    const expected = (seqs.get(entry.writer) ?? 0) + 1
    seqs.set(entry.writer, entry.seq)
    const flaws: string[] = []
    if (position !== index + 1) flaws.push(`position ${position} is at ${index + 1}`)
    if (entry.seq !== expected) flaws.push(`${entry.id} follows ${entry.writer}-${expected - 1}`)
    if (entry.id !== `${entry.writer}-${entry.seq}`) flaws.push(`${entry.id} is ${entry.seq} of ${entry.writer}`)
    if (leafHash(canonical) !== hash) flaws.push(`${entry.id} has another leaf hash`)
    return flaws
  })
}

/** Waits until something holds; fails after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come to hold within 10 s')
}
