/** Which definitions of a page are stored, and as what. Pure. */
import type { StoredTool } from '../store/port.ts'
import type { Definition, RefusedDefinition } from './definition.ts'
import { foldName } from './names.ts'
import { findByHash, type SchemaVerdict, type UpstreamIndex } from './tool-index.ts'

/** Of one upstream. An upstream that changes with each list must not fill the store. */
const maxNames = 1000
const maxPendingPerName = 10
const maxBytes = 16 * 1024 * 1024

export interface AdmissionInput {
  readonly tenant: string
  readonly upstream: string
  readonly page: readonly Definition[]
  readonly known: UpstreamIndex | undefined
  /** By hash, of definitions that are not stored. */
  readonly judged: ReadonlyMap<string, SchemaVerdict & { readonly passing: boolean }>
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface Admission {
  readonly rows: readonly StoredTool[]
  readonly refused: readonly RefusedDefinition[]
  readonly refusedHashes: ReadonlySet<string>
}

/**
 * Accepted at once: the first definition under a name that differs from every other by more than letter case (threat
 * 62), with an acceptable schema. Refused, and so asked about again with the next list: what is over a bound, and what
 * could not be judged through no fault of its own.
 */
export function admit({ tenant, upstream, page, known, judged, now }: AdmissionInput): Admission {
  const rows: StoredTool[] = []
  const refused: RefusedDefinition[] = []
  const refusedHashes = new Set<string>()
  const folds = new Map(known?.folds)
  const names = new Map([...(known?.names ?? [])].map(([name, entry]) => [name, entry.pending.length]))
  let bytes = known?.bytes ?? 0

  for (const definition of page) {
    const { name, hash } = definition
    if (findByHash(known?.names.get(name), hash) !== undefined) continue
    const verdict = judged.get(hash)
    const why =
      overBounds(definition) ??
      (verdict === undefined || verdict.passing ? (verdict?.problem ?? 'it was removed meanwhile') : undefined)
    if (why !== undefined) {
      refused.push({ name, why })
      refusedHashes.add(hash)
      continue
    }
    const pendingReason = verdict?.problem ?? reasonToWait(name)
    bytes += definition.bytes
    names.set(name, (names.get(name) ?? 0) + (pendingReason === undefined ? 0 : 1))
    const fold = foldName(name)
    if (!folds.has(fold)) folds.set(fold, name)
    const state = pendingReason === undefined ? 'accepted' : 'pending'
    const acceptedAt = pendingReason === undefined ? now : undefined
    rows.push({
      tenant,
      upstream,
      name,
      hash,
      definition: definition.canonical,
      state,
      pendingReason,
      seenAt: now,
      acceptedAt,
    })
  }
  return { rows, refused, refusedHashes }

  function overBounds(definition: Definition): string | undefined {
    const pending = names.get(definition.name)
    if (pending === undefined && names.size >= maxNames) return `the upstream has more than ${maxNames} tools`
    if ((pending ?? 0) >= maxPendingPerName) return `${maxPendingPerName} definitions of this tool are pending already`
    return bytes + definition.bytes > maxBytes ? `the definitions of the upstream exceed ${maxBytes} bytes` : undefined
  }

  function reasonToWait(name: string): string | undefined {
    if (names.has(name)) return 'changed'
    const other = folds.get(foldName(name))
    return other === undefined ? undefined : `differs from \`${other}\` in letter case alone`
  }
}
