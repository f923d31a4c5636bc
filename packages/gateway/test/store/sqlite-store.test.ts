import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/index.ts'
import { openSqliteFile } from '../../src/store/sqlite-file.ts'
import { storeContract } from './contract.ts'

storeContract('SQLite', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-store-'))
  return {
    open: () => openSqliteStore(path.join(folder, 'sallyport.db')),
    dispose: () => rm(folder, { recursive: true }),
  }
})

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-store-'))
  file = path.join(folder, 'deeper', 'data', 'sallyport.db')
})
afterEach(() => rm(folder, { recursive: true }))

const mode = async (name: string) => ((await stat(name)).mode & 0o777).toString(8)

test('threat 35: files are readable by this user alone', async () => {
  const store = await openSqliteStore(file)
  await store.oauth.upsert('AccessToken', 'h', '{}', undefined, undefined)
  for (const name of await readdir(path.dirname(file))) {
    expect([name, await mode(path.join(path.dirname(file), name))]).toEqual([name, '600'])
  }
  expect(await mode(path.dirname(file))).toBe('700')
  expect(await mode(path.dirname(path.dirname(file)))).toBe('700')
  await store.close()
})

test('threat 35: a file that others could read is closed to them', async () => {
  await (await openSqliteStore(file)).close()
  await chmod(file, 0o644)
  await (await openSqliteStore(file)).close()
  expect(await mode(file)).toBe('600')
})

test('every table has a tenant, and its own keys begin with it', async () => {
  await (await openSqliteStore(file)).close()
  const database = new DatabaseSync(file, { readOnly: true })
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely_%' order by name")
    .all()
    .map(({ name }) => String(name))
  expect(tables).toEqual(['oauth', 'sealed', 'tools'])
  for (const table of tables) {
    const key = database.prepare('select name from pragma_table_info(?) where pk = 1').get(table)
    expect([table, key?.['name']]).toEqual([table, 'tenant'])
  }
  database.close()
})

test('every commit is flushed to the disk, and others read while one writes', async () => {
  const own = openSqliteFile(file)
  expect(own.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 })
  own.close()
  const store = await openSqliteStore(file)
  const database = new DatabaseSync(file)
  expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
  database.exec('begin immediate')
  await store.ping()
  database.exec('rollback')
  database.close()
  await store.close()
})

test('a file that is no database is refused', async () => {
  await (await openSqliteStore(file)).close()
  await writeFile(file, 'this is not a database, but it is longer than a header'.repeat(20))
  await expect(openSqliteStore(file)).rejects.toThrow(/not a database/)
})

test('a file that a newer version migrated is refused', async () => {
  await (await openSqliteStore(file)).close()
  const database = new DatabaseSync(file)
  database.exec("insert into kysely_migration values ('9999-later', '2027-01-01T00:00:00.000Z')")
  database.close()
  await expect(openSqliteStore(file)).rejects.toThrow(/9999-later is missing/)
})

test('processes that start at once migrate once, and one code is consumed once', async () => {
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../../src/store/index.ts'))})
    const store = await openSqliteStore(${JSON.stringify(file)})
    await store.oauth.upsert('AuthorizationCode', 'h', '{}', undefined, undefined)
    process.stdout.write(String(await store.oauth.consume('AuthorizationCode', 'h', 1)))
    await store.close()`
  const runs = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let out = ''
      child.stdout.on('data', (chunk) => (out += chunk))
      child.stderr.on('data', (chunk) => (out += chunk))
      await once(child, 'close')
      return out
    }),
  )
  expect(runs.toSorted()).toEqual(['false', 'false', 'false', 'true'])
}, 30_000)
