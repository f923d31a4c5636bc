/** The people who must say yes: `@approval("finance, 2")` asks for two of that group. */
export interface Approvers {
  readonly group: string
  readonly count: number
}

export type DenyReason = 'not_permitted' | 'policy_error' | 'policy_inactive'

/** What policy says of one call. `policies` are the determining ones' ids, `version` that of the whole policy set. */
export type Decision =
  | { readonly outcome: 'allow'; readonly policies: readonly string[]; readonly version: string }
  | {
      readonly outcome: 'deny'
      readonly reason: DenyReason
      readonly policies: readonly string[]
      readonly version: string
      readonly errors: readonly string[]
    }
  | {
      readonly outcome: 'require_approval'
      readonly approvers: readonly Approvers[]
      readonly policies: readonly string[]
      readonly version: string
    }
