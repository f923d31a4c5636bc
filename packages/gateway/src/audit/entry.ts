/**
 * The audit entry, as the contract names its members. Pure: no clock, no randomness, no I/O.
 */
export type EntryKind = 'intent' | 'attempt' | 'outcome' | 'refusal' | 'transit' | 'event'

export interface EntryPerson {
  readonly issuer: string
  readonly subject: string
}

export interface EntryAgent {
  readonly issuer: string
  readonly clientId: string
}

export interface EntryCredential {
  readonly type: string
  readonly id: string
  readonly version: string
}

/**
 * What a caller of the log gives; the log adds `v`, `id`, `writer`, `seq`, `at` and `tenant`'s default. Absent members
 * are left out of the canonical bytes. Strings are bounded by the log (2,048 characters), and made inert: they are JSON.
 */
export interface EntryFields {
  readonly kind: EntryKind
  readonly requestId: string
  readonly tenant: string
  readonly person?: EntryPerson | undefined
  readonly agent?: EntryAgent | undefined
  readonly actors?: readonly { readonly issuer: string; readonly subject: string }[] | undefined
  readonly method?: string | undefined
  readonly upstream?: string | undefined
  readonly tool?: string | undefined
  /** Hash of the accepted definition of the tool. */
  readonly pin?: string | undefined
  /** Salted SHA-256 over RFC 8785 of the arguments. */
  readonly argumentsCommitment?: string | undefined
  readonly purpose?: string | undefined
  readonly mandate?: string | undefined
  readonly decision?: 'allow' | 'deny' | 'require_approval' | undefined
  readonly policies?: readonly string[] | undefined
  readonly policyVersion?: string | undefined
  readonly approvals?: readonly string[] | undefined
  readonly credential?: EntryCredential | undefined
  /** `ok`, `error`, `unknown`, or the reason of a refusal. */
  readonly status?: string | undefined
  /** Exact, for operators: the refusal's detail, an event's text. */
  readonly detail?: string | undefined
  /** Id of the intent that this outcome closes, or of the request on whose behalf this one is made. */
  readonly of?: string | undefined
  /** Access token, SHA-256 in lower-case hex. */
  readonly token?: string | undefined
  readonly peer?: string | undefined
  /** How many like it this entry stands for: floods of unauthenticated refusals are counted by peer, reason and minute. */
  readonly count?: number | undefined
  readonly ms?: number | undefined
}

export interface Entry extends EntryFields {
  readonly v: 1
  /** `{writer}-{seq}`. */
  readonly id: string
  /** Fresh at each start of a writer. */
  readonly writer: string
  /** From 1, without gaps within a writer. */
  readonly seq: number
  /** RFC 3339 with milliseconds, UTC. Order is by position, never by this. */
  readonly at: string
}
