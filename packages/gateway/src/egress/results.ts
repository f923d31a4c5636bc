import { type RefusalExtras, type RefusalReason, refuse } from '../refusal.ts'
import type { EgressResult } from './port.ts'

export interface EgressLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** What egress tells others, beside its results. */
export interface EgressHooks {
  /** The upstream answered 401: the next lease should fetch anew. The same call is not sent again. */
  rejected(upstream: string): void
  /** For metrics: `response`, `error`, `accepted`, `ended`, or the reason of a refusal. */
  finished(upstream: string, outcome: string): void
  readonly log: EgressLog
}

/** @param sent whether bytes may have left, so whether the call may have run. */
export function refused(
  reason: RefusalReason,
  detail: string,
  sent: boolean,
  status?: number | undefined,
  extras?: RefusalExtras,
): EgressResult {
  return { kind: 'refused', refusal: refuse(reason, detail, extras), sent, status }
}

export function outcomeOf(result: EgressResult): string {
  if (result.kind === 'refused') return result.refusal.reason
  return result.kind === 'response' && result.isError ? 'error' : result.kind
}
