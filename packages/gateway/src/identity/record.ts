/** What the authorization server has to say to the audit log. Pure. */

/** One request, as the log knows it. */
export interface Asking {
  readonly requestId: string
  readonly peer: string
  /** The configured client that it says it is, proven or not; undefined for every other: a name may be a secret misplaced. */
  readonly client: string | undefined
}

/** Holds no token and no secret, and of what a client sent only what is configured here too. */
export type OAuthEvent =
  | (Asking & {
      readonly kind: 'refused'
      /** HTTP status of the answer. */
      readonly status: number
      /** What was asked for and why it is refused. */
      readonly detail: string
    })
  | (Omit<Asking, 'client'> & {
      readonly kind: 'issued' | 'revoked'
      readonly client: string
      /** Of the token, lower-case hex. */
      readonly sha256: string
      readonly resource: string
      /** Separated by spaces. */
      readonly scope: string
    })

/**
 * For `issued`, before the token exists: where this rejects, there is none. For `revoked`, after the token is gone.
 * Resolves once the entry is durable; `refused` is not awaited, and neither throws nor rejects.
 */
export type RecordOAuth = (event: OAuthEvent) => Promise<void>
