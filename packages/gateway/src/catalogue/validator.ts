/** Runs the validators that the compile thread wrote. */
import { compileFunction, createContext } from 'node:vm'
import type { JsonValue } from '../mcp/call.ts'
import { meteredPattern } from './linear-regexp.ts'
import { createMeter, type Meter, MeterExhausted } from './meter.ts'

/** Undefined where the arguments fit; else what does not, in at most 400 characters. */
export type Validator = (argument: JsonValue) => string | undefined

const maxMessage = 400

interface Fault {
  readonly instancePath: string
  readonly message?: string
  readonly params?: Readonly<Record<string, unknown>>
}

interface Validate {
  (data: JsonValue): boolean
  errors?: readonly Fault[] | null
}

/**
 * A realm without Node's globals in which no further code can be made from strings. A second fence, not the first: ajv
 * escapes what it takes from a schema.
 */
const realm = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } })

/**
 * Evaluates generated code. It may ask for nothing but a pattern, deep equality and the length of a string, and pays the
 * meter for each.
 * @throws {Error} the code is not what the compile thread writes: our fault.
 */
export function evaluateValidator(code: string): Validator {
  const meter = createMeter()
  const modules = new Map<string, unknown>([
    ['pattern', (pattern: string) => meteredPattern(pattern, meter)],
    ['ajv/dist/runtime/equal', { default: (a: JsonValue, b: JsonValue) => equal(a, b, meter) }],
    ['ajv/dist/runtime/ucs2length', { default: (text: string) => codePoints(text, meter) }],
  ])
  const require = (name: string): unknown => {
    const found = modules.get(name)
    if (found === undefined) throw new Error(`generated code asked for \`${name}\``)
    return found
  }
  const module: { exports: unknown } = { exports: {} }
  compileFunction(code, ['module', 'exports', 'require', 'spend'], { parsingContext: realm })(
    module,
    module.exports,
    require,
    meter.spend,
  )
  const validate = module.exports as Validate
  return (argument) => run(validate, argument, meter)
}

function run(validate: Validate, argument: JsonValue, meter: Meter): string | undefined {
  meter.reset()
  try {
    if (validate(argument) === true) return undefined
    return describe(validate.errors?.[0])
  } catch (error) {
    // whatever else happens in generated code (above all a stack that overflows) means: not checked, so not accepted
    return error instanceof MeterExhausted
      ? 'checking these arguments takes too long'
      : 'these arguments cannot be checked'
  } finally {
    validate.errors = null
  }
}

/** Names keys and what the schema asks for, never a value of the caller's. */
function describe(fault: Fault | undefined): string {
  if (fault === undefined) return 'the arguments do not fit'
  const { additionalProperty, unevaluatedProperty, allowedValues } = fault.params ?? {}
  const extra = additionalProperty ?? unevaluatedProperty
  const what =
    (fault.message ?? 'does not fit') +
    (typeof extra === 'string' ? `: \`${clip(extra, 64)}\`` : '') +
    (Array.isArray(allowedValues) ? `: ${clip(JSON.stringify(allowedValues), 200)}` : '')
  return clip(`\`${clip(fault.instancePath, 128) || '/'}\` ${what}`, maxMessage)
}

function clip(text: string, length: number): string {
  const inert = text.toWellFormed().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
  return inert.length > length ? `${inert.slice(0, length - 1)}…` : inert
}

function codePoints(text: string, meter: Meter): number {
  meter.spend(text.length >>> 4)
  let count = 0
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) count += 1
  return count
}

function equal(a: JsonValue, b: JsonValue, meter: Meter): boolean {
  meter.spend(1)
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => equal(item, b[index] as JsonValue, meter))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key] as JsonValue, b[key] as JsonValue, meter))
}
