import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { openSqliteFile } from '../store/sqlite-file.ts'
import { argumentsCommitment, commitmentSalt } from './commitment.ts'
import { leafHash } from './leaf.ts'
import { assemble, entryId, type RecordParts, recordSeparator, splitParts } from './record.ts'

/** A commit of a crowd fills a few large pages; of small ones it would write four times as many. */
const pageBytes = 16_384

/** Another writer holds the lock for one commit; where it hangs, the batch fails and is tried again. */
const busyTimeoutMs = 1000

/** Forward only; the database's `user_version` counts those that have run. A released one is never edited. */
const migrations: readonly string[] = [
  // Position orders all writers' entries without gaps: the index of the leaf in the Merkle tree, plus one.
  // A writer's entries are found by where they begin and by their sequence: an index would cost every call.
  `CREATE TABLE writers (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     first_position INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE entries (
     position INTEGER PRIMARY KEY,
     tenant TEXT NOT NULL,
     writer INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     canonical TEXT NOT NULL,
     leaf_hash BLOB NOT NULL
   ) STRICT;
   CREATE TRIGGER entries_refuse_update BEFORE UPDATE ON entries
     BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
   CREATE TRIGGER entries_refuse_delete BEFORE DELETE ON entries
     BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;`,
]

/** The log's database, open for one writer. After an error it is closed and opened anew: only the file knows what is durable. */
export interface LogFile {
  /** Of this writer, the last that is durable; 0 where there is none. */
  readonly lastSeq: number
  /**
   * Makes a batch durable, all of it or nothing. A batch that is durable already is left as it is, so one whose fate is
   * unknown can be given again.
   * @param firstSeq of the first record.
   * @throws whatever keeps it from being durable; it may be so nevertheless, which reopening shows.
   */
  append(firstSeq: number, records: readonly string[]): void
  close(): void
}

/** @param open how the database is opened; tests give one that fails. */
export function openLogFile(
  file: string,
  writer: string,
  commitmentKey: Uint8Array,
  open: (file: string) => DatabaseSync = (file) => openSqliteFile(file, pageBytes),
): LogFile {
  const database = open(file)
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    migrate(database)
    return logFileOf(database, file, writer, commitmentKey)
  } catch (error) {
    database.close()
    throw error
  }
}

function logFileOf(database: DatabaseSync, file: string, writer: string, commitmentKey: Uint8Array): LogFile {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const insertOne = database.prepare(insertSql(1))
  const insertMany = database.prepare(insertSql(rowsAtOnce))
  const { id, lastSeq: durable } = register(database, writer)
  let lastSeq = durable
  const identity = identityOf(file)
  let tenant = { json: '""', name: '' }

  const canonicalOf = (parts: RecordParts, seq: number) => {
    const given = parts.arguments
    if (given === '') return assemble(parts, writer, seq, '')
    const salt = commitmentSalt(commitmentKey, entryId(writer, seq))
    return assemble(parts, writer, seq, argumentsCommitment(salt, given))
  }
  return {
    get lastSeq() {
      return lastSeq
    },
    append(firstSeq, records) {
      const endSeq = firstSeq + records.length - 1
      if (endSeq <= lastSeq) return
      if (firstSeq !== lastSeq + 1) throw new Error(`a batch from ${firstSeq} cannot follow entry ${lastSeq}`)
      if (identityOf(file) !== identity) throw new Error(`${file} was replaced or removed; put it back`)
      begin.run()
      let seq = lastSeq
      let rows: string[] = []
      const insertRows = () => {
        const first = seq - rows.length / 2 + 1
        if (rows.length === 2 * rowsAtOnce) insertMany.run(tenant.name, id, first, ...rows)
        else {
          for (let at = 0; at < rows.length; at += 2)
            insertOne.run(tenant.name, id, first + at / 2, ...rows.slice(at, at + 2))
        }
        rows = []
      }
      for (const record of records) {
        const parts = splitParts(record)
        if (parts.tenant !== tenant.json) {
          insertRows()
          tenant = { json: parts.tenant, name: JSON.parse(parts.tenant) as string }
        }
        const canonical = canonicalOf(parts, ++seq)
        rows.push(canonical, leafHash(canonical))
        if (rows.length === 2 * rowsAtOnce) insertRows()
      }
      insertRows()
      commit.run()
      lastSeq = endSeq
    },
    close: () => database.close(),
  }
}

/** Rows of one statement: what a statement costs by itself is shared by so many. */
const rowsAtOnce = 8

/** Of one tenant and in sequence: tenant, writer and the first sequence number, then text and hash of each row. */
function insertSql(rows: number): string {
  const values = Array.from(
    { length: rows },
    (_, row) => `(?1, ?2, ?3 + ${row}, ?${4 + 2 * row}, unhex(?${5 + 2 * row}))`,
  )
  return `INSERT INTO entries (tenant, writer, seq, canonical, leaf_hash) VALUES ${values.join(', ')}`
}

/** The writer's number, and the last of its entries that is durable; 0 where there is none. */
function register(database: DatabaseSync, name: string): { readonly id: number; readonly lastSeq: number } {
  database
    .prepare(
      `INSERT INTO writers (name, first_position) SELECT ?, coalesce(max(position), 0) + 1 FROM entries WHERE true
       ON CONFLICT (name) DO NOTHING`,
    )
    .run(name)
  const row = database
    .prepare(
      `SELECT id, (SELECT seq FROM entries WHERE writer = writers.id AND position >= first_position
         ORDER BY position DESC LIMIT 1) AS seq FROM writers WHERE name = ?`,
    )
    .get(name)
  return { id: Number(row?.['id']), lastSeq: Number(row?.['seq'] ?? 0) }
}

/** SQLite writes on into a file that somebody has unlinked. */
function identityOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}`
}

function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > migrations.length) throw new Error(`the log is of version ${version}; use a newer sallyport`)
  for (const migration of migrations.slice(version)) database.exec(migration)
  database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
}

/** Takes apart what `batchText` made. */
export function parseBatch(batch: string): { readonly firstSeq: number; readonly records: readonly string[] } {
  const [first, ...records] = batch.split(recordSeparator)
  return { firstSeq: Number(first), records }
}

/** One string for a whole batch: cheaper to hand to another thread than objects are. */
export function batchText(firstSeq: number, records: readonly { readonly text: string }[]): string {
  let batch = String(firstSeq)
  for (const { text } of records) batch += recordSeparator + text
  return batch
}
