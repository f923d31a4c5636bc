import type { EgressResult } from './egress/port.ts'
import type { Call } from './mcp/call.ts'
import { isRefusal, type Refusal } from './refusal.ts'
import type { CallOutcome, Metrics, UpstreamMetrics } from './telemetry/index.ts'

export type Observe = (call: Call | undefined, answer: EgressResult | Refusal, ms: number) => void

/** Counts what became of each request of a client. */
export function createObserve(metrics: Metrics, upstreams: readonly string[]): Observe {
  const known = new Map<string, UpstreamMetrics>(upstreams.map((name) => [name, metrics.upstream(name)]))
  return (call, answer, ms) => {
    const refusal = isRefusal(answer) ? answer : answer.kind === 'refused' ? answer.refusal : undefined
    if (refusal !== undefined) metrics.refusal(refusal.reason)
    if (call === undefined) return
    known.get(call.upstream)?.call(outcomeOf(answer, refusal), ms)
  }
}

function outcomeOf(answer: EgressResult | Refusal, refusal: Refusal | undefined): CallOutcome {
  if (refusal !== undefined) return 'refused'
  return 'isError' in answer && answer.isError ? 'error' : 'ok'
}
