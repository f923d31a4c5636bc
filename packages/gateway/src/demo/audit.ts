/** Is all that happened in the log, and is the log whole? Pure. */
import type { Entry } from '../audit/entry.ts'

export interface MadeCall {
  readonly upstream: string
  readonly tool: string
}

export interface Expected {
  readonly calls: readonly MadeCall[]
  /** Tokens presented at the gateway's own endpoints by somebody else. */
  readonly gatewayReplays: number
}

export interface AuditFindings {
  readonly entries: number
  readonly complete: boolean
  /** Empty where it is complete; else the first thing that is missing. */
  readonly missing: string
}

/** Does not check the log's proofs: that is `audit verify`'s. */
export function examineAudit(entries: readonly Entry[], expected: Expected): AuditFindings {
  const missing =
    gap(entries) ??
    unclosed(entries) ??
    unrecorded(entries, expected.calls) ??
    unrefused(entries, expected.gatewayReplays)
  return { entries: entries.length, complete: missing === undefined, missing: missing ?? '' }
}

function gap(entries: readonly Entry[]): string | undefined {
  const last = new Map<string, number>()
  for (const { writer, seq } of entries) {
    if (seq !== (last.get(writer) ?? 0) + 1) return `entry ${writer}-${seq} does not follow ${last.get(writer) ?? 0}`
    last.set(writer, seq)
  }
  return undefined
}

function unclosed(entries: readonly Entry[]): string | undefined {
  const outcomes = Map.groupBy(
    entries.filter(({ kind }) => kind === 'outcome'),
    ({ of }) => of,
  )
  const open = entries.find(({ kind, id }) => kind === 'intent' && outcomes.get(id)?.length !== 1)
  return open === undefined ? undefined : `intent ${open.id} has ${outcomes.get(open.id)?.length ?? 0} outcomes`
}

/** A call may have several entries (it may be asked for more in between), and never none. */
function unrecorded(entries: readonly Entry[], calls: readonly MadeCall[]): string | undefined {
  const key = (upstream: string | undefined, tool: string | undefined): string => `${upstream}/${tool}`
  const recorded = new Map<string, number>()
  for (const { kind, method, upstream, tool } of entries) {
    if (method !== 'tools/call' || (kind !== 'intent' && kind !== 'refusal')) continue
    recorded.set(key(upstream, tool), (recorded.get(key(upstream, tool)) ?? 0) + 1)
  }
  for (const [name, made] of Map.groupBy(calls, ({ upstream, tool }) => key(upstream, tool))) {
    if ((recorded.get(name) ?? 0) < made.length)
      return `${name} was called ${made.length} times and recorded ${recorded.get(name) ?? 0} times`
  }
  return undefined
}

/** Floods of them are counted in one entry, which may be written later: so at least one. */
function unrefused(entries: readonly Entry[], gatewayReplays: number): string | undefined {
  const refusals = entries.filter(({ kind, status }) => kind === 'refusal' && status?.startsWith('token_') === true)
  return gatewayReplays > 0 && refusals.length === 0 ? 'no refusal of a replayed token is recorded' : undefined
}
