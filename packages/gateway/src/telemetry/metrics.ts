import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RefusalReason } from '../refusal.ts'
import { type Tally, tallies } from './tally.ts'

export type CallOutcome = 'ok' | 'error' | 'refused'
export type SendOutcome = 'answered' | 'failed'

/** What is counted of one upstream; keep it rather than ask for it at each call. */
export interface UpstreamMetrics {
  /** A call was answered. @param ms from the request's head to its answer. */
  call(outcome: CallOutcome, ms: number): void
  /** A message to the upstream came to its end; a call may send several, or none. */
  send(outcome: SendOutcome): void
}

/** Numbers for operators. Labels are upstream names, outcomes, reasons and kinds; never an id, an address or a token. */
export interface Metrics {
  /** A name that no configuration could hold counts as `other`, as does one too many. */
  upstream(name: string): UpstreamMetrics
  refusal(reason: RefusalReason): void
  auditCommit(entries: number, ms: number): void
  /** The log is asked whenever the numbers are read. */
  watchAudit(log: { readonly waiting: number; readonly healthy: boolean }): void
  /** Asked whenever the numbers are read: how many children run for each stdio upstream. */
  watchChildren(running: () => readonly { readonly upstream: string; readonly children: number }[]): void
  /** In the Prometheus text format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

const upstreamName = /^[a-z][a-z0-9-]{0,23}$/
const upstreamLimit = 256
const callSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const commitSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2]

/** With a registry of its own, and Node's default metrics. `docs/metrics.md` lists every name. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const counter = (name: string, help: string, ...labelNames: string[]) => tallies({ registry, name, help, labelNames })
  const calls = counter('sallyport_calls_total', 'Calls answered', 'upstream', 'outcome')
  const sends = counter('sallyport_upstream_sends_total', 'Messages sent to upstreams', 'upstream', 'outcome')
  const refusals = counter('sallyport_refusals_total', 'Refusals', 'reason')
  const entries = counter('sallyport_audit_entries_total', 'Audit entries made durable')()
  const duration = new Histogram({
    name: 'sallyport_call_duration_seconds',
    help: 'Time to answer a call',
    labelNames: ['upstream'],
    buckets: callSeconds,
    registers,
  })
  const commit = new Histogram({
    name: 'sallyport_audit_commit_seconds',
    help: 'Time to make a batch of audit entries durable',
    buckets: commitSeconds,
    registers,
  })
  let stdio: Parameters<Metrics['watchChildren']>[0] = () => []
  new Gauge({
    name: 'sallyport_stdio_children',
    help: 'Running child processes of stdio upstreams',
    labelNames: ['upstream'],
    registers,
    collect() {
      for (const { upstream, children } of stdio()) this.set({ upstream }, children)
    },
  })
  let audit: Parameters<Metrics['watchAudit']>[0] | undefined
  new Gauge({
    name: 'sallyport_audit_waiting_entries',
    help: 'Audit entries that are not durable yet',
    registers,
    collect() {
      this.set(audit?.waiting ?? 0)
    },
  })
  new Gauge({
    name: 'sallyport_audit_healthy',
    help: '1 while the audit log can be written, else 0',
    registers,
    collect() {
      this.set(audit?.healthy === true ? 1 : 0)
    },
  })

  const upstreamMetrics = (upstream: string): UpstreamMetrics => {
    const called: Record<CallOutcome, Tally> = {
      ok: calls(upstream, 'ok'),
      error: calls(upstream, 'error'),
      refused: calls(upstream, 'refused'),
    }
    const sent: Record<SendOutcome, Tally> = {
      answered: sends(upstream, 'answered'),
      failed: sends(upstream, 'failed'),
    }
    const took = duration.labels(upstream)
    return {
      call(outcome, ms) {
        called[outcome].count++
        took.observe(ms / 1000)
      },
      send(outcome) {
        sent[outcome].count++
      },
    }
  }
  const upstreams = new Map<string, UpstreamMetrics>()
  return {
    upstream(name) {
      const known = upstreams.get(name)
      if (known !== undefined) return known
      const shown = upstreamName.test(name) && upstreams.size < upstreamLimit ? name : 'other'
      const made = upstreams.get(shown) ?? upstreamMetrics(shown)
      upstreams.set(shown, made)
      return made
    },
    refusal(reason) {
      refusals(reason).count++
    },
    auditCommit(committed, ms) {
      entries.count += committed
      commit.observe(ms / 1000)
    },
    watchAudit(log) {
      audit = log
    },
    watchChildren(running) {
      stdio = running
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
