import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { OAuthStore } from './port.ts'
import type { Tables } from './schema.ts'

/** The embedded server serves one tenant. */
const tenant = 'default'

/** Rows removed in one statement, so that a long sweep stops nothing else for long. */
const sweepRows = 1000

export function oauthStore(db: Kysely<Tables>): OAuthStore {
  return {
    async upsert(model, idHash, payload, grantId, expiresAtSeconds) {
      const changing = { payload, grant_id: grantId ?? null, expires_at: expiresAtSeconds ?? null }
      await db
        .insertInto('oauth')
        .values({ tenant, model, id_hash: idHash, ...changing, consumed_at: null })
        // INVARIANT: `consumed_at` stays: what was used once never becomes unused by being saved again.
        .onConflict((conflict) => conflict.columns(['tenant', 'model', 'id_hash']).doUpdateSet(changing))
        .execute()
    },

    async find(model, idHash, nowSeconds) {
      const row = await db
        .selectFrom('oauth')
        .select(['payload', 'consumed_at'])
        .where('tenant', '=', tenant)
        .where('model', '=', model)
        .where('id_hash', '=', idHash)
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', nowSeconds)]))
        .executeTakeFirst()
      return row && { payload: row.payload, consumedAt: row.consumed_at ?? undefined }
    },

    async consume(model, idHash, nowSeconds) {
      const { numUpdatedRows } = await db
        .updateTable('oauth')
        .set({ consumed_at: nowSeconds })
        .where('tenant', '=', tenant)
        .where('model', '=', model)
        .where('id_hash', '=', idHash)
        .where('consumed_at', 'is', null)
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', nowSeconds)]))
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    },

    async destroy(model, idHash) {
      await db
        .deleteFrom('oauth')
        .where('tenant', '=', tenant)
        .where('model', '=', model)
        .where('id_hash', '=', idHash)
        .execute()
    },

    async revokeByGrantId(grantId) {
      await db.deleteFrom('oauth').where('tenant', '=', tenant).where('grant_id', '=', grantId).execute()
    },

    async sweep(nowSeconds) {
      for (let removed = 0; ; await nextTurn()) {
        const { numDeletedRows } = await db
          .deleteFrom('oauth')
          .where('tenant', '=', tenant)
          .where(({ eb, refTuple, selectFrom }) =>
            eb(
              refTuple('model', 'id_hash'),
              'in',
              selectFrom('oauth')
                .select(['model', 'id_hash'])
                .where('tenant', '=', tenant)
                .where('expires_at', '<=', nowSeconds)
                .limit(sweepRows)
                .$asTuple('model', 'id_hash'),
            ),
          )
          .executeTakeFirstOrThrow()
        removed += Number(numDeletedRows)
        if (numDeletedRows < sweepRows) return removed
      }
    },
  }
}
