/** What is known of each upstream's tools, in memory; a function of the stored rows and of what was offered last. */
import type { JsonObject, JsonValue } from '../mcp/call.ts'
import type { StoredTool } from '../store/port.ts'
import { behaviour, isObject, sha256 } from './definition.ts'
import { inspectInputSchema } from './input-schema.ts'
import { foldName } from './names.ts'
import type { AcceptedTool, ToolDefinition } from './port.ts'
import type { Validator } from './validator.ts'

/** What came of the schema of an accepted definition; neither while it is being compiled. */
export interface SchemaVerdict {
  validator: Validator | undefined
  problem: string | undefined
}

/** One stored definition, the same object for as long as it is stored. */
export interface Known {
  readonly row: StoredTool
  readonly schema: SchemaVerdict
  readonly tool: AcceptedTool
  readonly pending: ToolDefinition
}

export interface NameEntry {
  accepted: Known | undefined
  /** Oldest first. */
  readonly pending: Known[]
  readonly superseded: Known[]
  /** Hash of what the upstream offered last under this name. */
  offered: string | undefined
}

export interface UpstreamIndex {
  readonly names: Map<string, NameEntry>
  /** Folded name to the first name so folded. */
  readonly folds: Map<string, string>
  bytes: number
}

export type ToolIndex = ReadonlyMap<string, UpstreamIndex>

/**
 * @param former what it replaces: definitions in both stay the same objects, and what was offered last is kept.
 * @param schemaOf asked once for each definition; what it returns may be filled in later.
 */
export function indexTools(
  rows: readonly StoredTool[],
  former: ToolIndex,
  schemaOf: (row: StoredTool) => SchemaVerdict,
): ToolIndex {
  const index = new Map<string, UpstreamIndex>()
  for (const row of [...rows].sort((a, b) => a.seenAt - b.seenAt)) {
    const upstream = getOrMake(index, row.upstream, () => ({ names: new Map(), folds: new Map(), bytes: 0 }))
    const before = former.get(row.upstream)?.names.get(row.name)
    const entry = getOrMake(upstream.names, row.name, () => {
      return { accepted: undefined, pending: [], superseded: [], offered: before?.offered }
    })
    const fold = foldName(row.name)
    if (!upstream.folds.has(fold)) upstream.folds.set(fold, row.name)
    upstream.bytes += Buffer.byteLength(row.definition)
    const known = reuse(before, row) ?? makeKnown(row, schemaOf(row))
    if (row.state === 'pending') entry.pending.push(known)
    else if (row.state === 'superseded') entry.superseded.push(known)
    else accept(entry, known)
  }
  for (const { names } of index.values()) for (const entry of names.values()) entry.offered ??= lastSeen(entry)
  return index
}

/** Two accepted definitions under one name cannot both be: the one accepted first stays. */
function accept(entry: NameEntry, known: Known): void {
  const other = entry.accepted
  if (other === undefined) entry.accepted = known
  else if ((known.row.acceptedAt ?? 0) < (other.row.acceptedAt ?? 0)) {
    entry.accepted = known
    entry.pending.push(other)
  } else entry.pending.push(known)
}

/** After a start, the best guess at what is offered: what was first seen after the accepted one was accepted. */
function lastSeen(entry: NameEntry): string | undefined {
  const newest = entry.pending.at(-1)
  const acceptedAt = entry.accepted?.row.acceptedAt
  if (acceptedAt === undefined) return newest?.row.hash
  return newest !== undefined && newest.row.seenAt > acceptedAt ? newest.row.hash : entry.accepted?.row.hash
}

function reuse(before: NameEntry | undefined, row: StoredTool): Known | undefined {
  if (before === undefined) return undefined
  const all = [before.accepted, ...before.pending, ...before.superseded]
  return all.find((known) => known?.row.hash === row.hash && known.row.state === row.state)
}

function makeKnown(row: StoredTool, schema: SchemaVerdict): Known {
  const definition = storedDefinition(row) ?? {}
  const inspected = inspectInputSchema(definition['inputSchema'])
  const common = { upstream: row.upstream, name: row.name, hash: row.hash, definition }
  return {
    row,
    schema,
    tool: {
      ...common,
      state: 'accepted',
      pendingReason: undefined,
      ...behaviour(definition),
      headerParameters: 'unacceptable' in inspected ? new Map() : inspected.headerParameters,
      validate(argument) {
        if (schema.validator !== undefined) return schema.validator(argument)
        return schema.problem ?? 'the schema of this tool is being compiled; try again'
      },
    },
    pending: {
      ...common,
      state: 'pending',
      get pendingReason() {
        return schema.problem ?? row.pendingReason ?? 'changed'
      },
    },
  }
}

/** Undefined where what is stored is not what its hash says. */
export function storedDefinition({ definition, hash }: StoredTool): JsonObject | undefined {
  if (sha256(definition) !== hash) return undefined
  const parsed: JsonValue = JSON.parse(definition)
  return isObject(parsed) ? parsed : undefined
}

/** The accepted definition, unless the upstream offers another one by now, or its schema is of no use. */
export function callable(entry: NameEntry | undefined): AcceptedTool | undefined {
  const known = entry?.accepted
  if (known === undefined || known.schema.problem !== undefined || entry?.offered !== known.row.hash) return undefined
  return known.tool
}

/** What waits for an operator under this name: what is offered now, else the newest. */
export function waiting(entry: NameEntry | undefined): ToolDefinition | undefined {
  if (entry === undefined) return undefined
  const { accepted, pending, superseded, offered } = entry
  if (accepted?.schema.problem !== undefined && offered === accepted.row.hash) return accepted.pending
  const now = [...pending, ...superseded].find((known) => known.row.hash === offered)
  return (now ?? pending.at(-1))?.pending
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

export function findByHash(entry: NameEntry | undefined, hash: string): Known | undefined {
  if (entry === undefined) return undefined
  return [entry.accepted, ...entry.pending, ...entry.superseded].find((known) => known?.row.hash === hash)
}

/**
 * Notes what one page offers. Where it offers two definitions under one name, the one that is not accepted counts: which
 * of the two a call would reach, nobody knows.
 */
export function offer(
  upstream: UpstreamIndex | undefined,
  page: Iterable<{ readonly name: string; readonly hash: string }>,
): void {
  const offered = new Map<string, string>()
  for (const { name, hash } of page) {
    const accepted = upstream?.names.get(name)?.accepted?.row.hash
    if (!offered.has(name) || hash !== accepted) offered.set(name, hash)
  }
  for (const [name, hash] of offered) {
    const entry = upstream?.names.get(name)
    if (entry !== undefined) entry.offered = hash
  }
}
