/** What the engine is told of one call. Pure. */
import type { Principal } from '@sallyport/guard'
import type { Call } from '../mcp/call.ts'
import { convey, NotConveyable, type Plan } from './argument-plan.ts'
import type { CedarValueJson, TypeAndId } from './cedar.ts'
import { entityType } from './vocabulary.ts'

/**
 * The person where there is one, otherwise the agent.
 * @throws {NotConveyable} where the issuer holds `|`: two principals could then have one id.
 */
export function principalEntity({ person, agent }: Principal): TypeAndId {
  if (person === undefined) return { type: entityType.agent, id: qualified(agent.issuer, agent.clientId) }
  return { type: entityType.person, id: qualified(person.issuer, person.subject) }
}

/** Of those that policies name alone: a person may be in thousands. */
export function groupEntities({ person }: Principal, named: ReadonlySet<string>): TypeAndId[] {
  if (person === undefined || named.size === 0) return []
  return person.groups
    .map((group) => qualified(person.issuer, group))
    .filter((id) => named.has(id))
    .map((id) => ({ type: entityType.group, id }))
}

function qualified(issuer: string, name: string): string {
  if (issuer.includes('|')) throw new NotConveyable('an issuer with `|` in it cannot be named in policies')
  if (!name.isWellFormed()) throw new NotConveyable('a name that is not well-formed Unicode cannot be read by policies')
  return `${issuer}|${name}`
}

/** An attribute of the context and what is read of it. */
export type ContextPlan = ReadonlyMap<string, Plan>

/**
 * @param call undefined for a list, where nothing but the principal is known.
 * @param now milliseconds since the epoch.
 * @throws {NotConveyable}
 */
export function contextOf(
  plan: ContextPlan,
  principal: Principal,
  call: Call | undefined,
  now: number,
): Record<string, CedarValueJson> {
  const context: Record<string, CedarValueJson> = {}
  for (const [attribute, inner] of plan) {
    const value =
      attribute === 'arguments'
        ? convey(inner, call?.arguments ?? {}, 'arguments')
        : attributeOf(attribute, principal, call, now)
    if (value !== undefined) context[attribute] = value
  }
  return context
}

function attributeOf(
  attribute: string,
  principal: Principal,
  call: Call | undefined,
  now: number,
): CedarValueJson | undefined {
  const { agent, actors, scopes, kind, audience } = principal
  switch (attribute) {
    case 'scopes':
      return [...scopes]
    case 'agent':
      return { __entity: { type: entityType.agent, id: qualified(agent.issuer, agent.clientId) } }
    case 'actors':
      return actors.map(({ issuer, subject }) => qualified(issuer, subject))
    case 'auth':
      return { kind, audience }
    case 'network':
      return { peer: { __extn: { fn: 'ip', arg: plainAddress(call?.peer ?? '') } } }
    case 'now':
      return { __extn: { fn: 'datetime', arg: new Date(now).toISOString() } }
    case 'inputResponses':
      return inputResponsesOf(call)
    default:
      return targetOf(attribute, call)
  }
}

/** Cedar takes neither IPv4 within IPv6 nor zones. */
function plainAddress(address: string): string {
  const [bare = ''] = address.split('%')
  return bare.replace(/^::ffff:(?=[0-9]+\.)/i, '')
}

function inputResponsesOf(call: Call | undefined): CedarValueJson | undefined {
  const responses = call?.params['inputResponses']
  if (typeof responses !== 'object' || responses === null || Array.isArray(responses)) return undefined
  const actions = Object.values(responses).flatMap((response) => {
    const action =
      typeof response === 'object' && response !== null && !Array.isArray(response) ? response['action'] : undefined
    return typeof action === 'string' ? wellFormed(action) : []
  })
  return { keys: Object.keys(responses).map(wellFormed), actions: [...new Set(actions)] }
}

function targetOf(attribute: string, call: Call | undefined): CedarValueJson | undefined {
  const target = call?.target
  const value = target === undefined ? undefined : Object.entries(target).find(([key]) => key === attribute)?.[1]
  return value === undefined ? undefined : wellFormed(value)
}

function wellFormed(text: string): string {
  if (!text.isWellFormed())
    throw new NotConveyable('a string that is not well-formed Unicode cannot be read by policies')
  return text
}
