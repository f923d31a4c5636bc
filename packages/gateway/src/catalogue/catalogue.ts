import type { JsonObject } from '../mcp/call.ts'
import type { CatalogueStore, StoredTool } from '../store/port.ts'
import { admit } from './admission.ts'
import { type Definition, type RefusedDefinition, readDefinition } from './definition.ts'
import { inspectInputSchema } from './input-schema.ts'
import type { Catalogue } from './port.ts'
import type { SchemaCompiler } from './schema-compiler.ts'
import {
  callable,
  findByHash,
  indexTools,
  offer,
  type SchemaVerdict,
  storedDefinition,
  type ToolIndex,
  waiting,
} from './tool-index.ts'

/** How long a start or `refresh` waits for schemas; what is not compiled by then refuses calls until it is. */
const compileWaitMs = 5000

/** An accepted definition that did not compile is tried again after so long. */
const retryMs = 60_000

const maxPage = 1000

interface Judgement extends SchemaVerdict {
  /** The fault lies not with the schema. */
  readonly passing: boolean
  /** Another attempt would end the same. */
  readonly final: boolean
}

export interface StoredCatalogue extends Catalogue {
  /** Reads the store again where somebody else changed it, so that what another process accepted is noticed. */
  refresh(): Promise<void>
}

export interface CatalogueOptions {
  readonly store: CatalogueStore
  readonly tenant: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Not stopped by the catalogue. */
  readonly compiler: SchemaCompiler
}

/**
 * The catalogue of one tenant, over its store. Definitions are told apart by hash; the first one under a name is
 * accepted if its schema is acceptable, every other waits for `accept`. While an upstream offers something else than
 * what was accepted, the tool is not callable (threat 61). A definition whose schema is not acceptable is not callable
 * whatever the store says, and `accept` refuses it; `pendingReason` says why.
 *
 * Does not decide who may see or call a tool. @throws what the store throws.
 */
export async function createCatalogue({ store, tenant, now, compiler }: CatalogueOptions): Promise<StoredCatalogue> {
  let index: ToolIndex = new Map()
  let version = 0
  let signature = ''
  /** Of what was read last; undefined before a change of our own, which does not show in it, whatever comes of that. */
  let revision: number | undefined
  const listed = new Set<string>()
  const verdicts = new Map<string, SchemaVerdict>()
  const compiling = new Set<Promise<void>>()
  let turn: Promise<unknown> = Promise.resolve()

  /** One change of the store and the index at a time, whatever came of the one before. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = turn.then(change, change)
    turn = result
    return result
  }

  async function catchUp(): Promise<void> {
    const current = await store.revision()
    if (current === revision) return
    const rows = await store.load(tenant)
    index = indexTools(rows, index, verdictOf)
    const stored = new Set(rows.filter(({ state }) => state === 'accepted').map((row) => keyOf(row.upstream, row.hash)))
    for (const key of verdicts.keys()) if (!stored.has(key)) verdicts.delete(key)
    for (const { upstream } of rows) listed.add(upstream)
    revision = current
    notice()
  }

  function notice(): void {
    const current = JSON.stringify(
      [...index].map(([upstream, { names }]) => [upstream, [...names.values()].map((entry) => callable(entry)?.hash)]),
    )
    if (current !== signature) version += 1
    signature = current
  }

  function verdictOf(row: StoredTool): SchemaVerdict {
    const key = keyOf(row.upstream, row.hash)
    const known = row.state === 'accepted' ? verdicts.get(key) : undefined
    if (known !== undefined) return known
    const definition = storedDefinition(row)
    const problem = definition === undefined ? 'the stored definition does not match its hash' : undefined
    const verdict: SchemaVerdict = { validator: undefined, problem }
    if (row.state !== 'accepted' || definition === undefined) return verdict
    verdicts.set(key, verdict)
    const attempt = async (): Promise<void> => {
      const { validator, problem, final } = await judge(row.upstream, definition)
      Object.assign(verdict, { validator, problem })
      notice()
      // it compiled when it was accepted, so a busy machine is the likelier reason
      if (problem !== undefined && !final && verdicts.get(key) === verdict)
        setTimeout(() => void attempt(), retryMs).unref()
    }
    const first = attempt().finally(() => compiling.delete(first))
    compiling.add(first)
    return verdict
  }

  async function judge(upstream: string, definition: JsonObject): Promise<Judgement> {
    const inspected = inspectInputSchema(definition['inputSchema'])
    const final = 'unacceptable' in inspected
    const compiled = final
      ? { problem: inspected.unacceptable, passing: false }
      : await compiler.compile(inspected, upstream)
    if ('validator' in compiled) return { validator: compiled.validator, problem: undefined, passing: false, final }
    const { problem, passing } = compiled
    return { validator: undefined, problem: `unacceptable schema: ${problem}`, passing, final }
  }

  async function compiled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, compileWaitMs)
    })
    await Promise.race([Promise.all(compiling), limit])
    clearTimeout(timer)
  }

  const entryOf = (upstream: string, name: string) => index.get(upstream)?.names.get(name)

  await catchUp()
  await compiled()
  return {
    get version() {
      return version
    },
    knows: (upstream) => listed.has(upstream),
    accepted: (upstream, name) => callable(entryOf(upstream, name)),
    pending: (upstream, name) => waiting(entryOf(upstream, name)),
    acceptedTools: (upstream) => entries(index, upstream).flatMap((entry) => callable(entry) ?? []),
    pendingTools: (upstream) => entries(index, upstream).flatMap((entry) => waiting(entry) ?? []),

    async learn(upstream, tools, complete) {
      const refused: RefusedDefinition[] = []
      const page = new Map<string, Definition>()
      for (const value of tools.slice(0, maxPage)) {
        const read = readDefinition(value)
        if ('why' in read) refused.push(read)
        else page.set(read.hash, read)
      }
      if (tools.length > maxPage) refused.push({ name: '(the rest)', why: `the page has more than ${maxPage} tools` })
      const judged = new Map<string, Judgement>()
      await Promise.all(
        [...page.values()].map(async ({ name, hash, definition }) => {
          if (findByHash(entryOf(upstream, name), hash) !== undefined) return
          judged.set(hash, await judge(upstream, definition))
        }),
      )
      return await inTurn(async () => {
        const admission = admit({
          upstream,
          tenant,
          page: [...page.values()],
          known: index.get(upstream),
          judged,
          now: now(),
        })
        if (admission.rows.length > 0) {
          revision = undefined
          await store.add(admission.rows)
          for (const { state, hash } of admission.rows) {
            const verdict = judged.get(hash)
            if (state === 'accepted' && verdict !== undefined) verdicts.set(keyOf(upstream, hash), verdict)
          }
          await catchUp()
        }
        // a definition that is refused is offered all the same, and is not the accepted one
        offer(index.get(upstream), [...page.values(), ...refused.map(({ name }) => ({ name, hash: 'refused' }))])
        if (complete) listed.add(upstream)
        notice()
        const kept = [...page.values()].filter(({ hash }) => !admission.refusedHashes.has(hash))
        const accepted = kept.flatMap(({ name, hash }) => {
          const tool = callable(entryOf(upstream, name))
          return tool?.hash === hash ? tool : []
        })
        const hashes = new Set(accepted.map(({ hash }) => hash))
        const added = new Set(admission.rows.map(({ hash }) => hash))
        return {
          accepted,
          pending: kept
            .filter(({ hash }) => !hashes.has(hash))
            .flatMap(({ name, hash }) => findByHash(entryOf(upstream, name), hash)?.pending ?? []),
          refused: [...refused, ...admission.refused],
          news: accepted.filter(({ hash }) => added.has(hash)),
        }
      })
    },

    async accept(upstream, name, hash) {
      const known = findByHash(entryOf(upstream, name), hash)
      if (known === undefined) return 'no such definition is known'
      if (known.row.state === 'accepted') return 'it is accepted already'
      if (known.schema.problem !== undefined) return known.schema.problem
      const verdict = await judge(upstream, known.tool.definition)
      if (verdict.problem !== undefined) return verdict.problem
      return await inTurn(async () => {
        revision = undefined
        if (!(await store.accept(tenant, upstream, name, hash, now()))) return 'it was accepted meanwhile'
        verdicts.set(keyOf(upstream, hash), verdict)
        await catchUp()
        return undefined
      })
    },

    async refresh() {
      await inTurn(catchUp)
      await compiled()
    },
  }
}

function entries(index: ToolIndex, upstream: string) {
  return [...(index.get(upstream)?.names.values() ?? [])]
}

function keyOf(upstream: string, hash: string): string {
  return `${upstream}/${hash}`
}
