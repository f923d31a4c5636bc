/**
 * The two records of every call, on the data path: what does not change from call to call is written once and kept for
 * as long as its object lives. They equal those of `recordOf`.
 */
import type { Principal } from '@sallyport/guard'
import type { EgressResult } from '../egress/port.ts'
import type { CallKind } from '../mcp/call.ts'
import { canonicalJson } from '../mcp/canonical-json.ts'
import type { Decision } from '../policy/decision.ts'
import type { Authorized, Intent, Plan } from '../stages.ts'
import type { EntryFields } from './entry.ts'
import { inertString } from './inert-string.ts'
import { agentJson, credentialJson, joinParts, list, number, recordOf, subjectJson, text } from './record.ts'

/** @param at RFC 3339 with milliseconds, UTC. */
export function intentRecord({ principal, call, decision, pin }: Authorized, plan: Plan, at: string): string {
  const who = whoOf(principal)
  const why = whyOf(decision)
  const how = howOf(plan)
  const { target } = call
  return joinParts({
    tenant: who.tenant,
    head: who.head,
    arguments: call.arguments === undefined ? '' : canonicalJson(call.arguments),
    middle: `"at":"${at}",${how.credential}${why.decision}`,
    body: `"kind":"intent",${text('method', call.method)}${text('of', call.causedBy)}${text('peer', call.peer)}${who.person}${text('pin', pin)}${why.policies}${text('requestId', call.requestId)}`,
    tail: `${who.tail}${target.action === 'call' ? text('tool', target.tool) : ''}${how.upstream}`,
  })
}

/** @param ms from the intent to the outcome. */
export function outcomeRecord(intent: Intent, result: EgressResult, at: string, ms: number): string {
  const { call, principal } = intent.authorized
  const who = whoOf(principal)
  const { status, detail } = outcomeOf(result, call.kind)
  return joinParts({
    tenant: who.tenant,
    head: '',
    arguments: '',
    middle: `"at":"${at}",${text('detail', detail)}`,
    body: `"kind":"outcome",${number('ms', ms)}"of":"${intent.entryId}",${text('requestId', call.requestId)}`,
    tail: `"status":"${status}","tenant":${who.tenant},${howOf(intent.plan).upstream}`,
  })
}

/** Follows an intent that became durable only after its caller was told that it had not. */
export function notMadeRecord(authorized: Authorized, intentId: string, at: string): string {
  const { call, principal, upstream } = authorized
  const detail = 'the intent was recorded too late; nothing was sent'
  return recordOf(closing(intentId, call.requestId, principal.tenant, upstream, 'log_unavailable', detail), at)
}

function closing(
  of: string,
  requestId: string,
  tenant: string,
  upstream: string,
  status: string,
  detail: string | undefined,
): EntryFields {
  return { kind: 'outcome', requestId, tenant, upstream, status, detail, of }
}

/** `unknown` where the call may have run and nothing says how it ended. */
function outcomeOf(result: EgressResult, kind: CallKind): { status: string; detail: string | undefined } {
  switch (result.kind) {
    case 'response':
      return { status: result.isError ? 'error' : 'ok', detail: undefined }
    case 'accepted':
      return { status: 'ok', detail: undefined }
    case 'ended':
      return { status: kind === 'request' ? 'unknown' : 'ok', detail: undefined }
    case 'refused': {
      const { reason, detail } = result.refusal
      return { status: reason, detail: `${result.sent ? 'sent, and may have run' : 'nothing was sent'}: ${detail}` }
    }
  }
}

interface Who {
  readonly tenant: string
  readonly head: string
  readonly person: string
  readonly tail: string
}

const known = {
  who: new WeakMap<Principal, Who>(),
  why: new WeakMap<Decision, { readonly decision: string; readonly policies: string }>(),
  how: new WeakMap<Plan, { readonly credential: string; readonly upstream: string }>(),
}

function whoOf(principal: Principal): Who {
  let who = known.who.get(principal)
  if (who === undefined) {
    const { tenant, person, agent, actors, tokenSha256 } = principal
    who = {
      tenant: inertString(tenant),
      head: `${list('actors', actors, subjectJson)}"agent":${agentJson(agent)},`,
      person: person === undefined ? '' : `"person":${subjectJson(person)},`,
      tail: text('tenant', tenant) + text('token', tokenSha256),
    }
    known.who.set(principal, who)
  }
  return who
}

function whyOf(decision: Decision) {
  let why = known.why.get(decision)
  if (why === undefined) {
    why = {
      decision: text('decision', decision.outcome),
      policies: list('policies', decision.policies, inertString) + text('policyVersion', decision.version),
    }
    known.why.set(decision, why)
  }
  return why
}

function howOf(plan: Plan) {
  let how = known.how.get(plan)
  if (how === undefined) {
    how = { credential: `"credential":${credentialJson(plan)},`, upstream: text('upstream', plan.upstream) }
    known.how.set(plan, how)
  }
  return how
}
