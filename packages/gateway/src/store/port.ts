/** What the gateway keeps besides the log. Every record carries a tenant. Adapters: SQLite now, by one Kysely code path. */

export interface StoredTool {
  readonly tenant: string
  readonly upstream: string
  readonly name: string
  readonly hash: string
  /** RFC 8785 JSON of the definition. */
  readonly definition: string
  readonly state: 'accepted' | 'pending' | 'superseded'
  readonly pendingReason: string | undefined
  /** Milliseconds since the epoch. */
  readonly seenAt: number
  readonly acceptedAt: number | undefined
}

export interface CatalogueStore {
  load(tenant: string): Promise<readonly StoredTool[]>
  /**
   * Another number than before once somebody else, such as another process, committed a change of a definition; one
   * cheap read. It may be another one for no such reason, and need not be after a change made through this very store.
   * Read it before `load`: what changes in between then shows the next time.
   */
  revision(): Promise<number>
  /**
   * Inserts what is new by (tenant, upstream, name, hash), and leaves what is there. Where another definition is accepted
   * under the name already, one that came as accepted is stored as pending, `changed`.
   */
  add(tools: readonly StoredTool[]): Promise<void>
  /**
   * Makes this definition the accepted one and the former one superseded, in one transaction. It may have been superseded
   * itself: upstreams go back to what they offered before. False if it is accepted already, or unknown.
   */
  accept(tenant: string, upstream: string, name: string, hash: string, now: number): Promise<boolean>
}

/**
 * What oidc-provider keeps, by model. Ids of tokens arrive here as SHA-256 and no payload holds the value.
 * `consume` is atomic: of two callers, one wins.
 */
export interface OAuthStore {
  upsert(
    model: string,
    idHash: string,
    payload: string,
    grantId: string | undefined,
    expiresAtSeconds: number | undefined,
  ): Promise<void>
  find(
    model: string,
    idHash: string,
    nowSeconds: number,
  ): Promise<{ readonly payload: string; readonly consumedAt: number | undefined } | undefined>
  consume(model: string, idHash: string, nowSeconds: number): Promise<boolean>
  destroy(model: string, idHash: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
  /** Removes what has expired; returns how many. */
  sweep(nowSeconds: number): Promise<number>
}

/** Small sealed values of the gateway itself, e.g. its signing keys: ciphertext only. */
export interface SealedStore {
  get(tenant: string, name: string): Promise<{ readonly ciphertext: Buffer; readonly version: number } | undefined>
  /** Inserts version 1 where there is none, and returns what is stored then: of two writers, one wins. */
  putIfAbsent(
    tenant: string,
    name: string,
    ciphertext: Buffer,
  ): Promise<{ readonly ciphertext: Buffer; readonly version: number }>
}

/** Everything but the log, in one database. */
export interface Store {
  readonly catalogue: CatalogueStore
  readonly oauth: OAuthStore
  readonly sealed: SealedStore
  /** For readiness: one cheap read. */
  ping(): Promise<void>
  close(): Promise<void>
}
