export type { CatalogueStore, OAuthStore, SealedStore, Store, StoredTool } from './port.ts'
export { openSqliteStore } from './sqlite-store.ts'
