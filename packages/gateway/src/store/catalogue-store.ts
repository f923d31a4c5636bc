import { type Kysely, type Selectable, sql } from 'kysely'
import type { CatalogueStore, StoredTool } from './port.ts'
import type { Tables } from './schema.ts'

export function catalogueStore(db: Kysely<Tables>): CatalogueStore {
  return {
    async load(tenant) {
      const rows = await db.selectFrom('tools').selectAll().where('tenant', '=', tenant).orderBy('seen_at').execute()
      return rows.map(toolOf)
    },

    async revision() {
      // SQLite: another number after another connection's commit, also of tables that are not the catalogue's.
      const { rows } = await sql<{ data_version: number }>`PRAGMA data_version`.execute(db)
      const [row] = rows
      if (row === undefined) throw new Error('the store did not tell its data version')
      return row.data_version
    },

    async add(tools) {
      if (tools.length === 0) return
      await db.transaction().execute(async (trx) => {
        for (const tool of tools) await insertTool(trx, tool)
      })
    },

    async accept(tenant, upstream, name, hash, now) {
      return await db.transaction().execute(async (trx) => {
        const definitions = trx
          .updateTable('tools')
          .where('tenant', '=', tenant)
          .where('upstream', '=', upstream)
          .where('name', '=', name)
        const chosen = await trx
          .selectFrom('tools')
          .select('state')
          .where('tenant', '=', tenant)
          .where('upstream', '=', upstream)
          .where('name', '=', name)
          .where('hash', '=', hash)
          .executeTakeFirst()
        if (chosen === undefined || chosen.state === 'accepted') return false
        await definitions.set({ state: 'superseded' }).where('state', '=', 'accepted').execute()
        await definitions
          .set({ state: 'accepted', pending_reason: null, accepted_at: now })
          .where('hash', '=', hash)
          .execute()
        return true
      })
    },
  }
}

/**
 * Of two processes that see two definitions first under one name, the one that commits first has its own accepted; the
 * other definition waits as changed.
 */
async function insertTool(trx: Kysely<Tables>, tool: StoredTool): Promise<void> {
  const other =
    tool.state === 'accepted' &&
    (await trx
      .selectFrom('tools')
      .select('hash')
      .where('tenant', '=', tool.tenant)
      .where('upstream', '=', tool.upstream)
      .where('name', '=', tool.name)
      .where('state', '=', 'accepted')
      .executeTakeFirst()) !== undefined
  await trx
    .insertInto('tools')
    .values({
      tenant: tool.tenant,
      upstream: tool.upstream,
      name: tool.name,
      hash: tool.hash,
      definition: tool.definition,
      state: other ? 'pending' : tool.state,
      pending_reason: other ? 'changed' : (tool.pendingReason ?? null),
      seen_at: tool.seenAt,
      accepted_at: other ? null : (tool.acceptedAt ?? null),
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'upstream', 'name', 'hash']).doNothing())
    .execute()
}

function toolOf(row: Selectable<Tables['tools']>): StoredTool {
  return {
    tenant: row.tenant,
    upstream: row.upstream,
    name: row.name,
    hash: row.hash,
    definition: row.definition,
    state: row.state,
    pendingReason: row.pending_reason ?? undefined,
    seenAt: row.seen_at,
    acceptedAt: row.accepted_at ?? undefined,
  }
}
