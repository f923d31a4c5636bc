import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How long a connection waits for another one's write lock, milliseconds. */
const busyTimeoutMs = 5000

/**
 * Opens a database file for reading and writing: WAL, every commit flushed to the disk, mode 0600. Creates the file, and
 * missing folders with mode 0700; the mode of a folder that exists is left as it is. Any number of processes may open it.
 * Blocks for up to 5 s where another connection holds the write lock.
 * @param pageBytes of a file that is made now; one that exists keeps its own.
 * @throws what SQLite or the file system says: no such folder, no permission, not a database.
 */
export function openSqliteFile(file: string, pageBytes = 4096): DatabaseSync {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  makePrivate(file)
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, defensive: true })
  try {
    database.exec(`PRAGMA page_size = ${pageBytes}`)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Opens an existing database file for reading only; sees what other processes commit.
 * @throws where there is no such file, or no permission.
 */
export function openSqliteFileForReading(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs })
}

/** SQLite gives its `-wal` and `-shm` files the mode of the database. */
function makePrivate(file: string): void {
  try {
    // Only a file that is new is ever opened here: closing one that SQLite has open in this process would drop its locks.
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    chmodSync(file, 0o600)
  }
}
