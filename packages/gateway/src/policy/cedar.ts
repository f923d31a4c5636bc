/**
 * The engine adapter: all that the gateway asks of Cedar, and the only file that imports it. Synchronous.
 *
 * INVARIANT: what reaches the engine is bounded (statements.ts, argument-plan.ts). Where its stack overflowed all the
 * same, its memory is not to be trusted: from then on every question throws, so every call is denied.
 */

import type {
  CedarValueJson,
  DetailedError,
  EntityJson,
  PolicyJson,
  SchemaJson,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

export type {
  CedarValueJson,
  EntityJson,
  Expr,
  PolicyJson,
  SchemaJson,
  Type,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs'

/** The engine failed to answer. Never carries what it was asked about. */
export class CedarFault extends Error {
  override readonly name = 'CedarFault'
}

let unusable = false

function ask<T>(question: () => T): T {
  if (unusable) throw new CedarFault('the policy engine overflowed and is not used any more; restart the gateway')
  try {
    return question()
  } catch (error) {
    const name = error instanceof Object && 'name' in error ? error.name : undefined
    unusable = name === 'RangeError' || name === 'RuntimeError'
    throw new CedarFault(unusable ? 'the policy engine overflowed' : 'the policy engine could not read its input')
  }
}

/** One static policy. Offsets of a fault are in bytes of UTF-8. */
export type ParsedPolicy = { readonly json: PolicyJson } | { readonly fault: DetailedError }

/** @throws {CedarFault} */
export function parsePolicy(text: string): ParsedPolicy {
  const answer = ask(() => cedar.policyToJson(text))
  if (answer.type === 'failure') return { fault: answer.errors[0] ?? unknownFault }
  // what was read from text must be readable as JSON again, which is how it is stored: that allows less nesting
  const again = ask(() => cedar.checkParsePolicySet({ staticPolicies: { policy: answer.json } }))
  return again.type === 'success' ? { json: answer.json } : { fault: again.errors[0] ?? unknownFault }
}

const unknownFault: DetailedError = {
  message: 'the policy cannot be read',
  help: null,
  code: null,
  url: null,
  severity: null,
}

export interface Finding {
  readonly policy: string
  readonly message: string
  /** A policy that is false for every request is no error to Cedar. */
  readonly severity: 'error' | 'warning'
}

/** Strict validation of every policy against the schema. @throws {CedarFault} */
export function validatePolicies(
  policies: Readonly<Record<string, PolicyJson>>,
  schema: SchemaJson<string>,
): readonly Finding[] {
  const answer = ask(() =>
    cedar.validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies: policies } }),
  )
  if (answer.type === 'failure') throw new CedarFault('the policy engine could not read the schema')
  const finding =
    (severity: Finding['severity']) =>
    (item: { policyId: string; error: DetailedError }): Finding => {
      // the caller knows of which policy and action this speaks
      const message = item.error.message
        .replace(`for policy \`${item.policyId}\`, `, '')
        .replace(/ for Sallyport::Action::"(?:[^"\\]|\\.)*"/, '')
      return { policy: item.policyId, message: item.error.help ? `${message}; ${item.error.help}` : message, severity }
    }
  return [...answer.validationErrors.map(finding('error')), ...answer.validationWarnings.map(finding('warning'))]
}

/** Policies and a schema that the engine holds in parsed form, for as long as they are in use. */
export interface Prepared {
  readonly policies: Readonly<Record<string, PolicyJson>>
  readonly schema: SchemaJson<string>
}

export interface CedarRequest {
  readonly principal: TypeAndId
  readonly action: TypeAndId
  readonly resource: TypeAndId
  readonly context: Record<string, CedarValueJson>
  readonly entities: EntityJson[]
}

export interface CedarResponse {
  readonly decision: 'allow' | 'deny'
  /** Ids of the determining policies, sorted: the engine's own order is random. */
  readonly reason: readonly string[]
  /** A policy that errs is skipped by Cedar, a `forbid` too: whoever reads this must deny. */
  readonly errors: readonly string[]
}

/** The engine never forgets what it has parsed, so places are reused: of as many, the one unused longest. */
const maxPlaces = 512
const places = new Map<Prepared, string>()
const free = Array.from({ length: maxPlaces }, (_, index) => `place-${index}`)

function placeOf(prepared: Prepared): string {
  const held = places.get(prepared)
  if (held !== undefined) {
    places.delete(prepared)
    places.set(prepared, held)
    return held
  }
  const place = free.pop() ?? leastUsed()
  try {
    const policies = ask(() => cedar.preparsePolicySet(place, { staticPolicies: prepared.policies }))
    const schema = ask(() => cedar.preparseSchema(place, prepared.schema))
    if (policies.type === 'failure' || schema.type === 'failure') {
      throw new CedarFault('the policy engine refused a policy or a schema')
    }
  } catch (error) {
    free.push(place)
    throw error
  }
  places.set(prepared, place)
  return place
}

function leastUsed(): string {
  for (const [prepared, place] of places) {
    places.delete(prepared)
    return place
  }
  throw new CedarFault('the policy engine has no place for policies')
}

/** The request is validated against the schema. @throws {CedarFault} also where it does not fit the schema. */
export function authorize(prepared: Prepared, request: CedarRequest): CedarResponse {
  const place = placeOf(prepared)
  const answer = ask(() =>
    cedar.statefulIsAuthorized({
      ...request,
      preparsedPolicySetId: place,
      preparsedSchemaName: place,
      validateRequest: true,
    }),
  )
  if (answer.type === 'failure') throw new CedarFault('the request does not fit the schema')
  const { decision, diagnostics } = answer.response
  // quoted parts of a message can be values of the caller's
  const errors = diagnostics.errors.map(
    ({ policyId, error }) => `policy \`${policyId}\`: ${error.message.replace(/`[^`]*`/g, '`…`')}`,
  )
  return { decision, reason: diagnostics.reason.toSorted(), errors }
}
