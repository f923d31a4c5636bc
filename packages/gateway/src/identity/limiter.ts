/** A bounded set of leaking buckets: what is poured in at once up to the brim, and then only as fast as it leaks. */
export interface Limiter {
  /** Seconds until there is room in this bucket; 0 where there is some now. */
  waitSeconds(key: string): number
  pour(key: string): void
  /** Takes back what was poured for something that turned out not to count. */
  scoop(key: string): void
}

export interface LimiterOptions {
  readonly capacity: number
  readonly leakPerSecond: number
  /** Buckets kept; over that, the one poured into longest ago is forgotten. */
  readonly entries: number
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number
}

interface Bucket {
  readonly level: number
  readonly atMs: number
}

export function createLimiter({ capacity, leakPerSecond, entries, monotonic }: LimiterOptions): Limiter {
  const buckets = new Map<string, Bucket>()

  const level = (key: string, nowMs: number): number => {
    const bucket = buckets.get(key)
    return bucket === undefined ? 0 : Math.max(0, bucket.level - ((nowMs - bucket.atMs) / 1000) * leakPerSecond)
  }
  const change = (key: string, by: number): void => {
    const nowMs = monotonic()
    const next = Math.max(0, level(key, nowMs) + by)
    buckets.delete(key)
    if (next === 0) return
    buckets.set(key, { level: next, atMs: nowMs })
    if (buckets.size <= entries) return
    const oldest = buckets.keys().next()
    if (!oldest.done) buckets.delete(oldest.value)
  }

  return {
    waitSeconds(key) {
      const over = level(key, monotonic()) - (capacity - 1)
      return over <= 0 ? 0 : Math.ceil(over / leakPerSecond)
    },
    pour: (key) => change(key, 1),
    scoop: (key) => change(key, -1),
  }
}
