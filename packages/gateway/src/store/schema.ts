import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The tables, as Kysely sees them. Times are as the store's ports name them. */
export interface Tables {
  readonly tools: {
    readonly tenant: string
    readonly upstream: string
    readonly name: string
    readonly hash: string
    readonly definition: string
    readonly state: 'accepted' | 'pending' | 'superseded'
    readonly pending_reason: string | null
    readonly seen_at: number
    readonly accepted_at: number | null
  }
  readonly oauth: {
    readonly tenant: string
    readonly model: string
    readonly id_hash: string
    readonly payload: string
    readonly grant_id: string | null
    readonly expires_at: number | null
    readonly consumed_at: number | null
  }
  readonly sealed: {
    readonly tenant: string
    readonly name: string
    readonly version: number
    readonly ciphertext: Uint8Array
  }
}

/** Forward only: a migration that was released is never edited, and none goes down. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-base': { up: base },
}

async function base(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tools')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('upstream', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('pending_reason', 'text')
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addColumn('accepted_at', 'bigint')
    .addPrimaryKeyConstraint('tools_key', ['tenant', 'upstream', 'name', 'hash'])
    .addCheckConstraint('tools_state', sql`state in ('accepted', 'pending', 'superseded')`)
    .execute()
  // INVARIANT: under one name at most one definition is accepted.
  await db.schema
    .createIndex('tools_accepted')
    .unique()
    .on('tools')
    .columns(['tenant', 'upstream', 'name'])
    .where(sql.ref('state'), '=', sql.lit('accepted'))
    .execute()

  await db.schema
    .createTable('oauth')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('id_hash', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('consumed_at', 'bigint')
    .addPrimaryKeyConstraint('oauth_key', ['tenant', 'model', 'id_hash'])
    .execute()
  await db.schema.createIndex('oauth_grant').on('oauth').columns(['tenant', 'grant_id']).execute()
  await db.schema.createIndex('oauth_expiry').on('oauth').column('expires_at').execute()

  await db.schema
    .createTable('sealed')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('ciphertext', 'blob', (column) => column.notNull())
    .addPrimaryKeyConstraint('sealed_key', ['tenant', 'name'])
    .execute()
}
