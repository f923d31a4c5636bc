/**
 * The way of one call. Each stage takes only what the stage before it minted (stages.ts), so a call that skipped one
 * does not type-check; whatever stumbles, nothing leaves and the caller reads a refusal.
 */
import type { Principal } from '@sallyport/guard'
import { type AuditLog, LogUnavailable } from './audit/port.ts'
import type { Clock } from './clock.ts'
import type { Credentials } from './credentials/port.ts'
import type { Egress, EgressResult, Relay, Seal } from './egress/port.ts'
import type { AcceptedRequest, Exchange, RequestRead } from './ingress/exchange.ts'
import type { Call } from './mcp/call.ts'
import type { Observe } from './observe.ts'
import type { PolicyEngine } from './policy/port.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'
import { requiredScopes } from './scopes.ts'
import { settle } from './settle.ts'
import type { Intent } from './stages.ts'
import type { Tools } from './tools.ts'

export interface Stages {
  readonly tools: Tools
  readonly policy: Pick<PolicyEngine, 'decide'>
  readonly credentials: Credentials
  readonly audit: AuditLog
  readonly egress: Pick<Egress, 'invoke'>
  /** By upstream: the tools that need `{upstream}:admin`. */
  readonly adminTools: (upstream: string) => ReadonlySet<string>
  readonly clock: Clock
  readonly observe: Observe
  /** A fault of ours: for the operator's log. */
  readonly fault: (error: unknown, requestId: string) => void
}

/** Answers one request of a client; never rejects. */
export async function handle(exchange: Exchange, stages: Stages): Promise<void> {
  const startedMs = stages.clock.monotonic()
  let read: RequestRead | undefined
  let answer: EgressResult | Refusal
  try {
    read = await exchange.authenticate() // the token ends here
    if ('refusal' in read) {
      stages.audit.refuse(read.refusal, read.known)
      answer = read.refusal
    } else answer = await perform(read, exchange.relay, stages)
  } catch (error) {
    answer = refusalOf(error, exchange.requestId, stages)
    const known =
      read !== undefined && 'call' in read ? fieldsOf(read.principal, read.call) : { requestId: exchange.requestId }
    stages.audit.refuse(answer, known)
  }
  const call = read !== undefined && 'call' in read ? read.call : undefined
  stages.observe(call, answer, stages.clock.monotonic() - startedMs)
  exchange.answer(answer, call)
}

/** The stages between the doors, for a client's call and for those that Sallyport makes on its behalf. */
export async function perform(request: AcceptedRequest, relay: Relay, stages: Stages): Promise<EgressResult | Refusal> {
  const { principal, call, seal } = request
  const refused = (refusal: Refusal): Refusal => {
    stages.audit.refuse(refusal, fieldsOf(principal, call))
    return refusal
  }

  const resolved = stages.tools.resolve(request, (list) => perform(list, silent, stages))
  const tool = resolved instanceof Promise ? await resolved : resolved
  if (tool !== undefined && isRefusal(tool)) return refused(tool)
  const decision = stages.policy.decide(principal, call, tool, { now: stages.clock.now() })
  const scopes = requiredScopes(call, tool, stages.adminTools(call.upstream))
  const authorized = settle(principal, call, decision, scopes, tool?.hash)
  if (isRefusal(authorized)) return refused(authorized)

  const plan = stages.credentials.plan(authorized) // pure
  const intent = await stages.audit.open(authorized, plan) // durable, or no call
  const result = await send(intent, seal, relay, stages)
  stages.audit.close(intent, result)
  const presented = stages.tools.present(authorized, result) // lists: learned, and shown as policy allows
  const shown = presented instanceof Promise ? await presented : presented
  return isRefusal(shown) ? refused(shown) : shown
}

/** The inner door. What was opened is always closed: a fault here leaves an outcome, and no second send. */
async function send(intent: Intent, seal: Seal, relay: Relay, stages: Stages): Promise<EgressResult> {
  let sent = false
  try {
    const leased = stages.credentials.lease(intent, intent.plan) // only now may a broker use the network
    const credential = leased instanceof Promise ? await leased : leased
    if ('refused' in credential) return { kind: 'refused', refusal: credential, sent, status: undefined }
    sent = true
    return await stages.egress.invoke(intent, credential, seal, relay)
  } catch (error) {
    const refusal = refusalOf(error, intent.authorized.call.requestId, stages)
    return { kind: 'refused', refusal, sent, status: undefined }
  }
}

function refusalOf(error: unknown, requestId: string, stages: Stages): Refusal {
  if (error instanceof LogUnavailable) return refuse('log_unavailable', error.message, { retryAfterSeconds: 1 })
  stages.fault(error, requestId)
  return refuse('internal', error instanceof Error ? error.name : 'a value that is no error was thrown')
}

function fieldsOf(principal: Principal, call: Call) {
  return {
    requestId: call.requestId,
    tenant: principal.tenant,
    person: principal.person,
    agent: principal.agent,
    actors: principal.actors,
    token: principal.tokenSha256,
    peer: call.peer,
    method: call.method,
    upstream: call.upstream,
    tool: call.target.action === 'call' ? call.target.tool : undefined,
    of: call.causedBy,
  }
}

/** For a call whose answer no client reads as it comes. */
const silent: Relay = {
  begin() {},
  event: () => true,
  drained: () => Promise.resolve(),
  onGone: () => () => {},
}
