import type { CatalogueStore, StoredTool } from '../../src/store/port.ts'

/** The port in memory, with its rules: what is there stays, and one definition of a name is accepted at a time. */
export function memoryStore(
  rows: StoredTool[] = [],
): CatalogueStore & { readonly rows: StoredTool[]; failing: boolean } {
  const same = (a: StoredTool, b: Pick<StoredTool, 'tenant' | 'upstream' | 'name'>) =>
    a.tenant === b.tenant && a.upstream === b.upstream && a.name === b.name
  let revision = 0
  const store = {
    rows,
    failing: false,
    async revision() {
      return revision
    },
    async load(tenant: string) {
      return store.rows.filter((row) => row.tenant === tenant).map((row) => ({ ...row }))
    },
    async add(tools: readonly StoredTool[]) {
      if (store.failing) throw new Error('the store is down')
      revision += 1
      for (const tool of tools) {
        if (!store.rows.some((row) => same(row, tool) && row.hash === tool.hash)) store.rows.push({ ...tool })
      }
    },
    async accept(tenant: string, upstream: string, name: string, hash: string, now: number) {
      const chosen = store.rows.find((row) => same(row, { tenant, upstream, name }) && row.hash === hash)
      if (chosen === undefined || chosen.state === 'accepted') return false
      revision += 1
      store.rows = store.rows.map((row) => {
        if (row === chosen) return { ...row, state: 'accepted', pendingReason: undefined, acceptedAt: now }
        return same(row, chosen) && row.state === 'accepted' ? { ...row, state: 'superseded' } : row
      })
      return true
    },
  }
  return store
}
