/**
 * What each stage of a call mints and the next one demands. The brands exist in the type system alone; each is applied
 * by one function, named at the type, and nothing else can make one (tests/architecture holds that).
 *
 * `U` names the upstream: what was made for one does not type-check for another.
 */
import type { Principal } from '@sallyport/guard'
import type { Call } from './mcp/call.ts'
import type { Decision } from './policy/decision.ts'

declare const minted: unique symbol

/** From `settle`: the decision was to allow (or an approval is reserved). */
export interface Authorized<U extends string = string> {
  readonly [minted]: 'authorized'
  readonly upstream: U
  readonly principal: Principal
  readonly call: Call
  readonly decision: Decision
  /** Of a tool call: hash of the accepted definition that was decided upon. */
  readonly pin?: string | undefined
}

export type CredentialType = 'none' | 'bearer' | 'header' | 'basic' | 'client_credentials' | 'env'

/** From `credentials.plan`: which credential would be presented, for whom, from where; never its value. Pure. */
export interface Plan<U extends string = string> {
  readonly [minted]: 'plan'
  readonly upstream: U
  readonly type: CredentialType
  /** Names the configured credential, stable over restarts, e.g. `analytics-vendor/bearer`. */
  readonly id: string
  /** Changes with the secret: the first 12 hex digits of an HMAC of it. */
  readonly version: string
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly scopes: readonly string[]
}

/** From `audit.open`: the intent entry is durable. */
export interface Intent<U extends string = string> {
  readonly [minted]: 'intent'
  readonly upstream: U
  readonly entryId: string
  readonly authorized: Authorized<U>
  readonly plan: Plan<U>
  /** Milliseconds of the monotonic clock, for `ms` of the outcome. */
  readonly startedMs: number
}

/** The one place that brands; imported by the four minting modules alone. */
export function mint<T extends { readonly [minted]: string }>(value: Omit<T, typeof minted>): T {
  return value as unknown as T
}
