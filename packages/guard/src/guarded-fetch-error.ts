/** `blocked`: the rules forbid it, and nothing was sent. Otherwise the other side is at fault. */
export type GuardedFetchFailure = 'blocked' | 'unreachable' | 'timeout' | 'too_large' | 'unacceptable'

/** The message names host and addresses, for operators; never headers or a body. */
export class GuardedFetchError extends Error {
  override readonly name = 'GuardedFetchError'
  readonly failure: GuardedFetchFailure

  constructor(failure: GuardedFetchFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}
