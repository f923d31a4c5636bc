import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type AuditLogOptions,
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

/** Waits until something holds; fails after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come to hold within 10 s')
}
