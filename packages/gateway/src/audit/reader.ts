import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteFileForReading } from '../store/sqlite-file.ts'
import type { Entry } from './entry.ts'
import type { AuditReader } from './port.ts'

export type StoredEntry = ReturnType<AuditReader['after']>[number]

export interface OpenAuditReader extends AuditReader {
  /** Entries after `position` as they come, until the signal aborts; asks the file every `intervalMs`. */
  follow(position: number, intervalMs: number, signal: AbortSignal): AsyncGenerator<StoredEntry, void>
  close(): void
}

/** Most entries read at once. */
const pageLimit = 10_000
const followPage = 500

/**
 * Reads a log, also while others write it. Entries are as they are stored: neither leaf hashes nor sequences are
 * verified.
 * @throws where there is no such file, or it is no log.
 */
export function openAuditReader(file: string): OpenAuditReader {
  const database = openSqliteFileForReading(file)
  const columns = 'position, canonical, lower(hex(leaf_hash)) AS leaf_hash'
  const after = database.prepare(`SELECT ${columns} FROM entries WHERE position > ? ORDER BY position LIMIT ?`)
  const last = database.prepare(`SELECT ${columns} FROM entries ORDER BY position DESC LIMIT ?`)
  const get = database.prepare(
    `SELECT ${columns} FROM entries WHERE (writer, seq) = (SELECT id, $seq FROM writers WHERE name = $writer)
       AND position >= (SELECT first_position + $seq - 1 FROM writers WHERE name = $writer) ORDER BY position LIMIT 1`,
  )

  const reader: OpenAuditReader = {
    after: (position, limit) => after.all(position, bounded(limit)).map(storedEntry),
    last: (limit) => last.all(bounded(limit)).map(storedEntry).reverse(),
    get(id) {
      const [, writer, seq] = /^([0-9a-z]{1,32})-([1-9][0-9]{0,14})$/.exec(id) ?? []
      if (writer === undefined) return undefined
      const row = get.get({ writer, seq: Number(seq) })
      return row && storedEntry(row).entry
    },
    async *follow(position, intervalMs, signal) {
      let seen = position
      while (!signal.aborted) {
        for (const stored of reader.after(seen, followPage)) {
          seen = stored.position
          yield stored
          if (signal.aborted) return
        }
        await sleep(intervalMs, undefined, { signal }).catch(() => {})
      }
    },
    close: () => database.close(),
  }
  return reader
}

function bounded(limit: number): number {
  return Math.max(0, Math.min(limit, pageLimit))
}

function storedEntry(row: Record<string, unknown>): StoredEntry {
  const canonical = String(row['canonical'])
  return {
    position: Number(row['position']),
    entry: JSON.parse(canonical) as Entry,
    canonical,
    leafHash: String(row['leaf_hash']),
  }
}
