/** Zod's issues in our words, each at its place. Messages tell keys and kinds, never values. */
import { z } from 'zod'
import { didYouMean } from './closest.ts'
import type { Fault, Path, Report } from './problem.ts'
import { type ConfigInput, configSchema, laterKeys } from './schema.ts'
import { visible } from './visible.ts'

/** The document with its defaults, or undefined and everything about its shape that is wrong reported. */
export function checkShape(document: unknown, report: Report): ConfigInput | undefined {
  const result = configSchema.safeParse(document)
  for (const issue of result.error?.issues ?? []) reportIssue(issue, document, report)
  return result.data
}

function reportIssue(issue: z.core.$ZodIssue, document: unknown, report: Report): void {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(configSchema, path, document)
    for (const key of issue.keys) report([...path, key], unknownKey(key, path, known), 'key')
    return
  }
  report(path, describe(issue, valueAt(document, path)))
}

function unknownKey(key: string, path: Path, known: readonly string[]): Fault {
  const later = path.length === 0 && Object.hasOwn(laterKeys, key) ? laterKeys[key] : undefined
  if (later !== undefined) return { message: 'is not known yet in this version', help: later }
  if (key === '<<') return { message: 'merge keys are not read', help: 'write the keys out' }
  const name = visible(key, 64)
  return {
    message: `unknown key \`${name}\``,
    help: didYouMean(key, known, known.length === 0 ? 'remove it' : `known here: ${known.join(', ')}`),
  }
}

function describe(issue: z.core.$ZodIssue, value: unknown): Fault {
  switch (issue.code) {
    case 'custom':
      return { message: issue.message, help: String(issue.params?.['help']) }
    case 'invalid_type':
      return wrongKind(issue.expected, value)
    case 'invalid_value':
      return oneOf(issue.values.map(String), value)
    case 'invalid_union': {
      const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
      return oneOf(options, value)
    }
    case 'too_small':
      return { message: 'is too small', help: `give at least ${issue.minimum}${countedAs(issue.origin)}` }
    case 'too_big':
      return { message: 'is too large', help: `give at most ${issue.maximum}${countedAs(issue.origin)}` }
    default:
      return { message: 'is not acceptable here', help: 'see docs/configuration.md' }
  }
}

function countedAs(origin: string): string {
  if (origin === 'array') return ' items'
  return origin === 'string' ? ' characters' : ''
}

function oneOf(options: readonly string[], value: unknown): Fault {
  const all = options.map((option) => `\`${option}\``).join(', ')
  const help = `use ${options.length === 1 ? all : `one of ${all}`}`
  if (value === undefined) return { message: 'is missing', help }
  return {
    message: 'has a value that is not known',
    help: typeof value === 'string' ? didYouMean(value, options, help) : help,
  }
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a mapping (`key: value`)',
  record: 'a mapping (`key: value`)',
  array: 'a list (`- item` or `[item]`)',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
}

function wrongKind(expected: string, value: unknown): Fault {
  const kind = kinds[expected] ?? 'something else'
  if (value === undefined) return { message: 'is missing', help: `give ${kind}` }
  if (value === null) return { message: 'is empty', help: `give ${kind}, or remove the key` }
  const quotes = expected === 'string' && typeof value !== 'object' ? 'put it in quotes' : undefined
  const noQuotes =
    typeof value === 'string' && /^(number|int|boolean)$/.test(expected) ? 'write it without quotes' : undefined
  return { message: `is not ${kind}`, help: quotes ?? noQuotes ?? 'see docs/configuration.md' }
}

export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
      ? Reflect.get(value, step)
      : undefined
  }, document)
}

/** The keys that the schema knows at this place; of a union, those of the member that the document chose. */
function knownKeys(schema: z.core.$ZodType, path: Path, value: unknown): readonly string[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const chosen = inner.options.find(
      (option) => option instanceof z.ZodObject && option.safeParse(value).error?.issues[0]?.path[0] !== 'type',
    )
    return chosen === undefined ? [] : knownKeys(chosen, path, value)
  }
  const [step, ...rest] = path
  if (step === undefined) return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
  const next = child(inner, step)
  return next === undefined ? [] : knownKeys(next, rest, valueAt(value, [step]))
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap())
  }
  return schema
}

function child(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[step]
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}
