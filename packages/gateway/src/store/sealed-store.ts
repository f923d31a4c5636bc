import type { Kysely } from 'kysely'
import type { SealedStore } from './port.ts'
import type { Tables } from './schema.ts'

export function sealedStore(db: Kysely<Tables>): SealedStore {
  const find = async (tenant: string, name: string) => {
    const row = await db
      .selectFrom('sealed')
      .select(['ciphertext', 'version'])
      .where('tenant', '=', tenant)
      .where('name', '=', name)
      .executeTakeFirst()
    return row && { ciphertext: Buffer.from(row.ciphertext), version: row.version }
  }
  return {
    get: find,

    async putIfAbsent(tenant, name, ciphertext) {
      await db
        .insertInto('sealed')
        .values({ tenant, name, version: 1, ciphertext })
        .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing())
        .execute()
      const stored = await find(tenant, name)
      if (stored === undefined) throw new Error(`sealed value \`${name}\` is gone right after it was stored`)
      return stored
    },
  }
}
