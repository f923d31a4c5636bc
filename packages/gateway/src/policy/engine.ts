import { createHash } from 'node:crypto'
import type { Principal } from '@sallyport/guard'
import type { AcceptedTool, Catalogue } from '../catalogue/port.ts'
import type { Call, JsonValue } from '../mcp/call.ts'
import { canonicalJson } from '../mcp/canonical-json.ts'
import { type AnalysedPolicy, analyse, type Part } from './analysed.ts'
import { NotConveyable } from './argument-plan.ts'
import { type RecordArgument, typeArguments } from './argument-types.ts'
import { authorize, CedarFault } from './cedar.ts'
import { decideAnswer } from './decide-answer.ts'
import type { Decision, DenyReason } from './decision.ts'
import { createValidation, type Findings } from './findings.ts'
import { formatPlace, type PolicySource } from './policy-source.ts'
import type { PolicyEngine } from './port.ts'
import { contextOf, groupEntities, principalEntity } from './request.ts'
import { aimsAt } from './scope.ts'
import { makeSlice, type Slice, type Subject, sliceKey } from './slice.ts'
import type { UpstreamAction } from './vocabulary.ts'

export interface PolicyEngineOptions {
  /** Of one load without problems. */
  readonly policies: readonly PolicySource[]
  readonly catalogue: Pick<Catalogue, 'accepted' | 'acceptedTools'>
  readonly config: { readonly upstreams: readonly { readonly name: string }[] }
  /** Principals of another tenant are denied. */
  readonly tenant: string
}

/** A subject's slices; `denial` where some policy that applies to it is not valid for it. */
interface Ready {
  readonly exact: Slice
  readonly relaxed: Slice
  readonly findings: Findings
  readonly denial: Decision | undefined
}

const noArguments: RecordArgument = { kind: 'Record', attributes: new Map() }
const maxShared = 2000
const maxWarnings = 1000

/**
 * The policies of one load, over the catalogue. They are sliced by tool when a tool is first met, and again when its
 * definition is another one, so a policy that names a tool takes part from the moment that tool is accepted, and has
 * been validated against its schema before any call of it is decided.
 */
export function createPolicyEngine({ policies, catalogue, config, tenant }: PolicyEngineOptions): PolicyEngine {
  const analysed = policies.map(analyse)
  const version = versionOf(policies)
  const validation = createValidation()
  const byTool = new WeakMap<AcceptedTool, Ready>()
  const byUpstream = new Map<string, Ready>()
  const shared = new Map<string, Slice>()

  const deny = (reason: DenyReason, ...errors: readonly string[]): Decision => {
    return { outcome: 'deny', reason, policies: [], version, errors: errors.slice(0, 5) }
  }
  const notPermitted = deny('not_permitted')

  function readyTool(tool: AcceptedTool): Ready {
    const known = byTool.get(tool)
    if (known !== undefined) return known
    const action = `${tool.upstream}/${tool.name}`
    const argumentsType = typeArguments(tool.definition['inputSchema'])
    const ready = prepare({
      kind: 'call',
      upstream: tool.upstream,
      action,
      tool: tool.name,
      definition: tool,
      argumentsType,
    })
    byTool.set(tool, ready)
    return ready
  }

  function readyUpstream(upstream: string, kind: UpstreamAction): Ready {
    const key = `${kind} ${upstream}`
    const known = byUpstream.get(key)
    if (known !== undefined) return known
    const ready = prepare({
      kind,
      upstream,
      action: kind,
      tool: undefined,
      definition: undefined,
      argumentsType: noArguments,
    })
    if (config.upstreams.some(({ name }) => name === upstream)) byUpstream.set(key, ready)
    return ready
  }

  function prepare(subject: Subject): Ready {
    const applicable = analysed.filter(({ source }) => aimsAt(source.json, subject))
    const findings = validation(applicable, subject)
    const relaxed = applicable.flatMap((policy) => policy.relaxed ?? [])
    const denial = findings.errors.length > 0 ? deny('policy_error', ...findings.errors) : undefined
    return { exact: share(applicable, subject), relaxed: share(relaxed, subject), findings, denial }
  }

  function share(parts: readonly Part[], subject: Subject): Slice {
    const key = sliceKey(parts, subject)
    const found = shared.get(key)
    if (found !== undefined) return found
    const made = makeSlice(parts, subject)
    if (shared.size >= maxShared) shared.clear()
    shared.set(key, made)
    return made
  }

  function ask(slice: Slice, principal: Principal, call: Call | undefined, now: number): Decision {
    const known = slice.decisions?.get(principal)
    if (known !== undefined) return known
    const decision = askEngine(slice, principal, call, now)
    slice.decisions?.set(principal, decision)
    return decision
  }

  function askEngine(slice: Slice, principal: Principal, call: Call | undefined, now: number): Decision {
    if (slice.parts.length === 0) return notPermitted
    try {
      const uid = principalEntity(principal)
      const parents = groupEntities(principal, slice.groups)
      const response = authorize(slice.prepared, {
        principal: uid,
        action: slice.action,
        resource: slice.resource,
        context: contextOf(slice.plan, principal, call, now),
        entities: parents.length === 0 ? [...slice.entities] : [...slice.entities, { uid, attrs: {}, parents }],
      })
      const determining = response.reason.map((id) => slice.parts.find(({ source }) => source.id === id)?.source)
      if (determining.includes(undefined))
        return deny('policy_error', 'the engine named a policy that it was not given')
      return decideAnswer({ ...response, determining: determining.filter((source) => source !== undefined) }, version)
    } catch (error) {
      if (error instanceof NotConveyable || error instanceof CedarFault) return deny('policy_error', error.message)
      throw error
    }
  }

  function decideTool(
    principal: Principal,
    call: Call,
    name: string,
    tool: AcceptedTool | undefined,
    now: number,
  ): Decision {
    const id = `${call.upstream}/${name}`
    if (tool === undefined) {
      const naming = analysed.find(({ tools }) => tools.has(id))
      if (naming === undefined) return notPermitted
      return deny('policy_inactive', `policy \`${naming.source.id}\` names \`${id}\`, which is not accepted`)
    }
    if (tool.upstream !== call.upstream || tool.name !== name)
      return deny('policy_error', `\`${id}\` was given another tool`)
    if (catalogue.accepted(tool.upstream, tool.name)?.hash !== tool.hash) {
      return deny('policy_inactive', `the definition of \`${id}\` is not the accepted one any more`)
    }
    const { denial, exact } = readyTool(tool)
    return denial ?? ask(exact, principal, call, now)
  }

  return {
    version,

    decide(principal, call, tool, { now }) {
      if (principal.tenant !== tenant) return deny('policy_error', 'the principal is of another tenant')
      const { target, upstream } = call
      if (target.action === 'call') return decideTool(principal, call, target.tool, tool, now)
      const { denial, exact } = readyUpstream(upstream, target.action)
      return denial ?? ask(exact, principal, call, now)
    },

    couldAllow(principal, tool) {
      if (principal.tenant !== tenant) return false
      const { denial, relaxed } = readyTool(tool)
      return denial === undefined && couldBe(ask(relaxed, principal, undefined, 0))
    },

    warnings() {
      const ready = config.upstreams.flatMap(({ name }) => [
        ...catalogue.acceptedTools(name).map(readyTool),
        ...(['list', 'read', 'subscribe', 'prompt', 'complete'] as const).map((kind) => readyUpstream(name, kind)),
      ])
      const found = ready.flatMap(({ findings }) => [...findings.errors, ...findings.warnings])
      return [...new Set([...unlearned(analysed, catalogue, config), ...found])].slice(0, maxWarnings)
    },
  }
}

/**
 * A relaxed permit that errs is one that the call would find false or erring, so what the others say still counts; but
 * where nothing was determined, nothing could be allowed.
 */
function couldBe(decision: Decision): boolean {
  return decision.outcome !== 'deny' || (decision.reason === 'policy_error' && decision.policies.length > 0)
}

function unlearned(
  analysed: readonly AnalysedPolicy[],
  catalogue: Pick<Catalogue, 'accepted'>,
  { upstreams }: PolicyEngineOptions['config'],
): readonly string[] {
  const configured = new Set(upstreams.map(({ name }) => name))
  return analysed.flatMap(({ source, tools }) =>
    [...tools].flatMap((id) => {
      const [upstream = ''] = id.split('/', 1)
      const start = `${formatPlace(source)} policy \`${source.id}\` names tool \`${id}\``
      if (!configured.has(upstream)) return `${start}, but no upstream \`${upstream}\` is configured`
      if (catalogue.accepted(upstream, id.slice(upstream.length + 1)) !== undefined) return []
      return `${start}, which is not learned or not accepted: the policy is inactive for it, and it cannot be called`
    }),
  )
}

/** SHA-256 over RFC 8785 of ids and policies: where a policy stands, and its comments, do not count. */
function versionOf(policies: readonly PolicySource[]): string {
  const named = policies.map(({ id, json }) => [id, json as unknown as JsonValue] as const)
  const sorted = named.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, json]) => [id, json])
  return createHash('sha256').update(canonicalJson(sorted)).digest('hex')
}
