/** Verdicts by token and audience: bounded, the oldest out first, each only until its time. */
export interface VerdictCache<T> {
  get(key: string, nowMs: number): T | undefined
  /** Kept from `nowMs` until `untilMs`; nothing is kept where that is over already. */
  set(key: string, value: T, nowMs: number, untilMs: number): void
}

export function createVerdictCache<T>(limit: number): VerdictCache<T> {
  const entries = new Map<string, { readonly value: T; readonly fromMs: number; readonly untilMs: number }>()
  return {
    get(key, nowMs) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      // a clock that went back must not stretch a verdict
      if (nowMs >= entry.fromMs && nowMs < entry.untilMs) return entry.value
      entries.delete(key)
      return undefined
    },
    set(key, value, nowMs, untilMs) {
      entries.delete(key)
      if (untilMs <= nowMs) return
      if (entries.size >= limit) {
        const oldest = entries.keys().next()
        if (!oldest.done) entries.delete(oldest.value)
      }
      entries.set(key, { value, fromMs: nowMs, untilMs })
    },
  }
}
