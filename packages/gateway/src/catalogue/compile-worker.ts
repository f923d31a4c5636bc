/**
 * The thread that turns input schemas into code, so that a hostile schema can waste its own time only. It is told a
 * rebuilt schema (input-schema.ts), answers with the source of a validator, and is killed when it takes too long.
 */
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import type { JsonObject } from '../mcp/call.ts'
import type { Dialect } from './input-schema.ts'
import { compilePattern } from './linear-regexp.ts'

export interface CompileJob {
  readonly id: number
  readonly dialect: Dialect
  readonly schema: JsonObject
}

export type CompileAnswer =
  | 'ready'
  | { readonly id: number; readonly code: string }
  | { readonly id: number; readonly problem: string }

const maxCodeLength = 1024 * 1024

// ajv is CommonJS whose types do not describe what Node gives an importing module
const require = createRequire(import.meta.url)
interface Ajv {
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null
  validateSchema(schema: JsonObject): boolean | Promise<unknown>
  compile(schema: JsonObject): unknown
}
type AjvClass = new (options: object) => Ajv
const classes: Readonly<Record<Dialect, AjvClass>> = {
  '2020-12': require('ajv/dist/2020.js').default,
  'draft-07': require('ajv').default,
}
const standaloneCode: (ajv: Ajv, validate: unknown) => string = require('ajv/dist/standalone').default
const codegen: {
  readonly CodeGen: { readonly prototype: CodeGen }
  readonly _: (text: TemplateStringsArray) => unknown
} = require('ajv/dist/compile/codegen')

type Body = () => void
interface CodeGen {
  _for(node: unknown, body?: Body): unknown
  func(name: unknown, args: unknown, async: unknown, body?: Body): unknown
  code(code: unknown): unknown
}

meterGeneratedCode()
// in this thread, where the validators of metaschemas run, the time limit is the meter
Object.assign(globalThis, { spend: () => undefined })

/** Every function and every turn of a loop first pays for itself: `spend` is given where the code is evaluated. */
function meterGeneratedCode(): void {
  const [loopCost, callCost] = [codegen._`spend(1)`, codegen._`spend(20)`]
  const { prototype } = codegen.CodeGen
  const { _for: loop, func } = prototype
  prototype._for = function (node, body) {
    if (body === undefined) throw new Error('a generated loop without a body cannot be metered')
    return loop.call(this, node, () => {
      this.code(loopCost)
      body()
    })
  }
  prototype.func = function (name, args, async, body) {
    if (body === undefined) throw new Error('a generated function without a body cannot be metered')
    return func.call(this, name, args, async, () => {
      this.code(callCost)
      body()
    })
  }
}

/** ajv names a pattern by its text; without a text of its own each would get the pattern of the first one. */
let patterns = 0
function pattern(source: string): { test(): boolean; toString(): string } {
  compilePattern(source)
  patterns += 1
  const name = `pattern ${patterns}`
  return { test: () => true, toString: () => name }
}
pattern.code = 'require("pattern")'

const options = { strict: false, validateFormats: false, ownProperties: true, logger: false }

/** Metaschemas are compiled once; schemas each by an instance of their own, so that none can refer to another. */
const judges = new Map<Dialect, Ajv>()

function judge(dialect: Dialect, schema: JsonObject): string | undefined {
  let ajv = judges.get(dialect)
  if (ajv === undefined) {
    ajv = new classes[dialect](options)
    judges.set(dialect, ajv)
  }
  if (ajv.validateSchema(schema) === true) return undefined
  const [error] = ajv.errors ?? []
  return `the schema is not valid ${dialect}: \`${error?.instancePath ?? ''}\` ${error?.message ?? ''}`
}

function compile({ id, dialect, schema }: CompileJob): CompileAnswer {
  const problem = judge(dialect, schema)
  if (problem !== undefined) return { id, problem }
  try {
    const ajv = new classes[dialect]({
      ...options,
      meta: false,
      // a definition that is used often would be copied as often; calls are metered
      inlineRefs: false,
      validateSchema: false,
      code: { source: true, regExp: pattern },
    })
    const code = standaloneCode(ajv, ajv.compile(schema))
    return code.length > maxCodeLength ? { id, problem: 'the schema is too large once compiled' } : { id, code }
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : 'the schema cannot be compiled' }
  }
}

parentPort?.on('message', (job: CompileJob) => parentPort?.postMessage(compile(job) satisfies CompileAnswer))
parentPort?.postMessage('ready' satisfies CompileAnswer)
