import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** How often, and how long apart, a statement is tried again while another connection holds the write lock: 5 s in all. */
const busyTries = 1000
const busyPauseMs = 5
const sqliteBusy = 5

/**
 * Kysely's SQLite dialect over `node:sqlite`. Waits for the write lock without blocking the thread, so `database` must
 * not wait itself (`busy_timeout` 0). Destroying the Kysely instance closes the database.
 */
export function sqliteDialect(database: DatabaseSync): Dialect {
  return {
    createDriver: () => driverOf(database),
    createAdapter: () => new TransactionalDdlAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** With transactions around migrations, of two processes that start at once one migrates and the other one waits. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function driverOf(database: DatabaseSync): Driver {
  const connection = connectionOf(database)
  const run = async (statement: string) => {
    await connection.executeQuery(CompiledQuery.raw(statement))
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    // The write lock first: a transaction that reads and then writes would fail where another one wrote in between.
    beginTransaction: () => run('begin immediate'),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    releaseConnection: async () => {},
    destroy: async () => database.close(),
  }
}

function connectionOf(database: DatabaseSync): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      for (let tries = 1; ; tries++) {
        try {
          return execute<R>(database, query)
        } catch (error) {
          // Only a statement that starts a transaction can meet the lock, so nothing has been done.
          if (!isBusy(error) || tries === busyTries) throw error
          await sleep(busyPauseMs)
        }
      }
    },
    streamQuery() {
      throw new Error('the store streams nothing; ask for a page')
    },
  }
}

function execute<R>(database: DatabaseSync, query: CompiledQuery): QueryResult<R> {
  const statement = database.prepare(query.sql)
  const parameters = query.parameters as readonly SQLInputValue[]
  if (statement.columns().length > 0) return { rows: statement.all(...parameters) as R[] }
  const { changes, lastInsertRowid } = statement.run(...parameters)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
}

function isBusy(error: unknown): boolean {
  // The low byte of an extended result code is the code itself.
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === sqliteBusy
}
