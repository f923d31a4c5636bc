/**
 * Which arguments are passed to the engine, and as what. Pure.
 *
 * INVARIANT: an argument that is there, and that some policy of the slice reads, is either passed as it is or the call is
 * denied. Were it left out, `has` would be false and a forbid behind it would never hold.
 */
import type { JsonValue } from '../mcp/call.ts'
import { type ArgumentType, reservedKeys, toCedarType } from './argument-types.ts'
import type { CedarValueJson, Type } from './cedar.ts'
import type { ReadNode } from './reads.ts'

export type Plan =
  /** Read as a value; no type where the schema declares none, so that it cannot be passed. */
  | { readonly kind: 'value'; readonly type: ArgumentType | undefined }
  /** Asked for with `has` alone: whether it is there is passed, whatever it is. */
  | { readonly kind: 'presence' }
  | { readonly kind: 'members'; readonly members: ReadonlyMap<string, Plan> }

/** Set members and record keys passed in one value. */
const maxItems = 10_000

/** @param type undefined where the tool's schema does not say. */
export function planFor(node: ReadNode, type: ArgumentType | undefined): Plan {
  if (node.whole) return { kind: 'value', type }
  if (node.within.size === 0) return { kind: 'presence' }
  const members = [...node.within].map(([key, inner]): [string, Plan] => {
    if (reservedKeys.has(key) || !key.isWellFormed()) return [key, { kind: 'value', type: undefined }]
    return [key, planFor(inner, type?.kind === 'Record' ? type.attributes.get(key)?.type : undefined)]
  })
  return { kind: 'members', members: new Map(members) }
}

/** Undefined where nothing can be passed. Every attribute is optional: a policy that misses one errs, which denies. */
export function planType(plan: Plan): Type<string> | undefined {
  if (plan.kind === 'presence') return { type: 'Boolean' }
  if (plan.kind === 'value') return plan.type === undefined ? undefined : toCedarType(plan.type, true)
  const attributes = [...plan.members].flatMap(([key, inner]) => {
    const type = planType(inner)
    return type === undefined ? [] : [[key, { ...type, required: false }] as const]
  })
  return { type: 'Record', attributes: Object.fromEntries(attributes) }
}

/** An argument that a policy reads and that cannot be passed. */
export class NotConveyable extends Error {
  override readonly name = 'NotConveyable'
}

/** @throws {NotConveyable} naming the place, never the value. */
export function convey(plan: Plan, value: JsonValue, place: string): CedarValueJson {
  if (plan.kind === 'presence') return true
  if (plan.kind === 'value') {
    if (plan.type === undefined) throw new NotConveyable(`\`${place}\` has no type that policies can read`)
    return conveyValue(plan.type, value, place)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotConveyable(`\`${place}\` is not an object`)
  const passed = emptyRecord()
  for (const [key, inner] of plan.members) {
    const member = Object.hasOwn(value, key) ? value[key] : undefined
    if (member !== undefined && member !== null) passed[key] = convey(inner, member, `${place}.${shown(key)}`)
  }
  return passed
}

function conveyValue(type: ArgumentType, value: JsonValue, place: string): CedarValueJson {
  switch (type.kind) {
    case 'String':
      if (typeof value === 'string' && value.isWellFormed()) return value
      break
    case 'Long':
      // minus zero becomes zero
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value
      break
    case 'Boolean':
      if (typeof value === 'boolean') return value
      break
    case 'decimal': {
      const text = typeof value === 'number' ? decimalText(value) : undefined
      if (text !== undefined) return { __extn: { fn: 'decimal', arg: text } }
      break
    }
    case 'Set':
      if (Array.isArray(value) && value.length <= maxItems)
        return value.map((item) => conveyValue(type.element, item, `${place}[]`))
      break
    case 'Record': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) break
      const passed = emptyRecord()
      for (const [key, member] of Object.entries(value)) {
        if (member === null) continue
        const attribute = type.attributes.get(key)
        if (attribute === undefined)
          throw new NotConveyable(`\`${place}.${shown(key, maxStrange)}\` has no type that policies can read`)
        passed[key] = conveyValue(attribute.type, member, `${place}.${shown(key)}`)
      }
      return passed
    }
  }
  throw new NotConveyable(`\`${place}\` cannot be read as ${type.kind}`)
}

/** Without a prototype, so that a key `__proto__` is a key. */
function emptyRecord(): Record<string, CedarValueJson> {
  return Object.create(null)
}

/** Cedar's decimal: at most four digits after the point, between ±922337203685477.5807. */
export function decimalText(value: number): string | undefined {
  if (!Number.isFinite(value) || Math.abs(value) > 922337203685477) return undefined
  const text = String(value === 0 ? 0 : value)
  if (!/^-?[0-9]+(\.[0-9]{1,4})?$/.test(text)) return undefined
  return text.includes('.') ? text : `${text}.0`
}

/** Characters of a key that no schema names, and so of the client's own text: fewer than any piece of a token looked for. */
const maxStrange = 23

function shown(key: string, longest = 64): string {
  return /^[\x20-\x7e]+$/.test(key) && key.length <= longest ? key : '…'
}
