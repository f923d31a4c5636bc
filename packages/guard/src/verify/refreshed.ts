/** Something fetched from an issuer, kept while it is fresh, and beyond that while it cannot be fetched. */
export interface Refreshed<T> {
  /** What is held or fetched now. @throws what `load` threw, where nothing usable is held. */
  get(nowMs: number): Promise<T>
  /** Fetches although what is held is fresh, then as `get`. The caller bounds how often. */
  again(nowMs: number): Promise<T>
}

export interface RefreshedOptions<T> {
  /** @returns the value and for how long it is fresh, milliseconds. */
  readonly load: (nowMs: number) => Promise<{ readonly value: T; readonly freshMs: number }>
  /** For how long a value may be used at all, from when it was fetched, milliseconds. */
  readonly usableMs: number
  /** No new attempt so soon after a failed one, milliseconds. */
  readonly retryMs: number
}

/**
 * One fetch at a time, whoever asks. A fetch that is due is waited for, so that a value withdrawn by the issuer is not
 * used while the issuer can be reached; where it fails, the value held is used until it is too old.
 */
export function createRefreshed<T>(options: RefreshedOptions<T>): Refreshed<T> {
  let held: { readonly value: T; readonly atMs: number; readonly freshMs: number } | undefined
  let failed: { readonly error: unknown; readonly atMs: number } | undefined
  let flight: Promise<void> | undefined

  function refresh(nowMs: number): Promise<void> {
    flight ??= options
      .load(nowMs)
      .then(
        ({ value, freshMs }) => {
          held = { value, atMs: nowMs, freshMs }
          failed = undefined
        },
        (error: unknown) => {
          failed = { error, atMs: nowMs }
        },
      )
      .finally(() => {
        flight = undefined
      })
    return flight
  }

  function usable(nowMs: number): T {
    if (held !== undefined && nowMs - held.atMs < options.usableMs) return held.value
    throw failed?.error ?? new Error('nothing usable is held')
  }

  return {
    async get(nowMs) {
      if (held !== undefined && isWithin(nowMs, held.atMs, held.freshMs)) return held.value
      if (failed === undefined || !isWithin(nowMs, failed.atMs, options.retryMs)) await refresh(nowMs)
      return usable(nowMs)
    },
    async again(nowMs) {
      await refresh(nowMs)
      return usable(nowMs)
    },
  }
}

/** Also false where the clock went back: better to fetch once more than to trust for too long. */
function isWithin(nowMs: number, sinceMs: number, lengthMs: number): boolean {
  return nowMs >= sinceMs && nowMs - sinceMs < lengthMs
}
