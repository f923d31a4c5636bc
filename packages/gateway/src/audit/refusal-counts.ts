import type { EntryFields } from './entry.ts'

/** Most pairs of peer and reason told apart within a minute. */
const pairLimit = 1024

/**
 * Counts unauthenticated refusals by peer and reason within one minute, so that a flood of them makes two entries a pair:
 * the first at once, and one for the rest when the minute is over. Peers beyond the limit are counted together.
 */
export class RefusalCounts {
  readonly #pairs = new Map<string, { count: number; fields: EntryFields }>()
  #minute = Number.NaN

  /** True where another minute has begun since the first refusal counted: `drain` before `count`. */
  isOver(minute: number): boolean {
    return this.#pairs.size > 0 && minute !== this.#minute
  }

  /** True where this one is the first of its pair, to be written as it is. */
  count(minute: number, fields: EntryFields): boolean {
    this.#minute = minute
    const { peer, status } = fields
    const key = JSON.stringify([status, peer])
    const pair = this.#pairs.get(key)
    if (pair === undefined && this.#pairs.size < pairLimit) {
      this.#pairs.set(key, { count: 0, fields })
      return true
    }
    if (pair !== undefined) this.#add(key, fields)
    else this.#add(JSON.stringify([status]), { ...fields, peer: undefined })
    return false
  }

  #add(key: string, fields: EntryFields): void {
    this.#pairs.set(key, { count: (this.#pairs.get(key)?.count ?? 0) + 1, fields })
  }

  /** What was counted and not written, each with its `count` and the newest one's request; then starts anew. */
  drain(): readonly EntryFields[] {
    const counted = [...this.#pairs.values()].filter(({ count }) => count > 0)
    this.#pairs.clear()
    return counted.map(({ count, fields: { kind, requestId, tenant, peer, status, detail } }) => ({
      kind,
      requestId,
      tenant,
      peer,
      status,
      detail,
      count,
    }))
  }
}
