import { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { catalogueStore } from './catalogue-store.ts'
import { oauthStore } from './oauth-store.ts'
import type { Store } from './port.ts'
import { migrations, type Tables } from './schema.ts'
import { sealedStore } from './sealed-store.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { openSqliteFile } from './sqlite-file.ts'

/**
 * Opens the store in a SQLite file and brings its tables up to date. Several processes may have one file open.
 * Statements run on the calling thread; one that has to wait while another connection writes waits up to 5 s without
 * blocking it.
 * @param path of the file; it and missing folders are created, readable by this user alone.
 * @throws where the file cannot be opened, is no database, or was migrated by a newer version.
 */
export async function openSqliteStore(path: string): Promise<Store> {
  const database = openSqliteFile(path)
  database.exec('PRAGMA busy_timeout = 0')
  const db = new Kysely<Tables>({ dialect: sqliteDialect(database) })
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
    const { error } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    catalogue: catalogueStore(db),
    oauth: oauthStore(db),
    sealed: sealedStore(db),
    async ping() {
      await db.selectFrom('sealed').select('version').limit(1).execute()
    },
    close: () => db.destroy(),
  }
}
