/** What is computed once of a policy when it is loaded. Pure. */
import type { PolicyJson } from './cedar.ts'
import { entitiesInConditions } from './expressions.ts'
import type { PolicySource } from './policy-source.ts'
import { type Reads, readsOf } from './reads.ts'
import { relax } from './relax.ts'
import { entitiesOf } from './scope.ts'
import { toolOf } from './vocabulary.ts'

/** A policy whose heads of action and resource were found to hold, so that they need no further look. */
export interface Part {
  readonly source: PolicySource
  readonly json: PolicyJson
  readonly reads: Reads
  /** Tells it from every other part of the same policy set. */
  readonly key: string
}

export interface AnalysedPolicy extends Part {
  /** For lists; undefined where nothing of it counts there. */
  readonly relaxed: Part | undefined
  /** `{upstream}/{tool}` of every tool that it names. */
  readonly tools: ReadonlySet<string>
  /** Of those that its head of action names. */
  readonly actionTools: ReadonlySet<string>
}

export function analyse(source: PolicySource, index: number): AnalysedPolicy {
  const { json } = source
  const part = partOf(source, json, `${index}`)
  const relaxed = relax(json)
  const named = [...entitiesOf(json.action), ...entitiesOf(json.resource), ...entitiesInConditions(json)]
  const toolIds = (entities: typeof named) =>
    new Set(entities.filter((entity) => toolOf(entity) !== undefined).map(({ id }) => id))
  return {
    ...part,
    relaxed: relaxed === json ? part : relaxed && partOf(source, relaxed, `${index} relaxed`),
    tools: toolIds(named),
    actionTools: toolIds([...entitiesOf(json.action)]),
  }
}

function partOf(source: PolicySource, json: PolicyJson, key: string): Part {
  const headless: PolicyJson = { ...json, action: { op: 'All' }, resource: { op: 'All' }, annotations: {} }
  return { source, json: headless, reads: readsOf(headless), key }
}
