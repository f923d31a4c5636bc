import type { Refusal } from '../refusal.ts'
import type { Authorized, Intent, Plan } from '../stages.ts'

declare const leased: unique symbol

/**
 * A leased credential for one upstream, good for one call. How it is presented is egress's: `headers` are set on the
 * upstream request, `environment` on the child; `secrets` are what the incoming tripwire looks for.
 */
export interface Credential<U extends string = string> {
  readonly [leased]: true
  readonly upstream: U
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly environment: Readonly<Record<string, string>>
  /** Finds the leased secret in an answer, in every covered encoding. Undefined for `none`. */
  readonly detector: SecretDetector | undefined
}

export interface SecretDetector {
  matches(bytes: Uint8Array): boolean
}

export interface Credentials {
  /** Pure: no network, no clock. */
  plan<U extends string>(authorized: Authorized<U>): Plan<U>
  /** May use the network (token endpoints), never an upstream's. A refusal is `credential_unavailable`. */
  lease<U extends string>(intent: Intent<U>, plan: Plan<NoInfer<U>>): Credential<U> | Promise<Credential<U> | Refusal>
  /** After an upstream answered 401: the next lease fetches anew. Never a reason to send the same call again. */
  rejected(upstream: string): void
}

/** The one place that brands a credential; imported by the brokers alone. */
export function mintCredential<U extends string>(value: Omit<Credential<U>, typeof leased>): Credential<U> {
  return value as unknown as Credential<U>
}
