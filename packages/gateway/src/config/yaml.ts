/**
 * YAML 1.2 (core schema; JSON is a subset) to plain values, with the position of every key and value. Aliases, merge
 * keys, directives and tags of one's own are refused, so what is read stands where it is read, once. Syntax errors are
 * told in our own words: the parser's quote the source, where a secret may stand.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Fault, Path } from './problem.ts'
import { syntaxFault } from './yaml-faults.ts'

const maxDepth = 24
const maxSyntaxErrors = 20
const maxFaults = 200

/** Both from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

interface PlacedFault extends Fault {
  readonly position: Position
  readonly path: Path
}

export interface Document {
  /** Null where the text holds nothing. Mappings have no prototype. */
  readonly value: unknown
  readonly faults: readonly PlacedFault[]
  /** False where the syntax is so wrong that nothing further can be said. */
  readonly usable: boolean
  /** The position of a key or value; of the nearest one around it where there is none. */
  position(path: Path, at: 'key' | 'value'): Position
}

/** @param text at most a few hundred kilobytes; its size is the caller's to bound. */
export function parseYaml(text: string): Document {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const positionAt = (offset: number): Position => {
    const before = text.slice(0, offset).split('\n')
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }

  const faults: PlacedFault[] = []
  const offsets = new Map<string, { key: number; value: number }>()
  const fault = (offset: number, path: Path, found: Fault): void => {
    if (faults.length < maxFaults) faults.push({ position: positionAt(offset), path, ...found })
  }

  for (const error of [...document.errors, ...document.warnings].slice(0, maxSyntaxErrors)) {
    fault(error.pos[0], [], syntaxFault(error.code, text, error.pos[0]))
  }
  if (document.directives?.yaml.explicit === true) {
    fault(0, [], { message: 'YAML directives are not read', help: 'remove the line that starts with `%`' })
  }

  const convert = (node: unknown, path: Path, keyOffset: number): unknown => {
    const start = offsetOf(node) ?? keyOffset
    offsets.set(JSON.stringify(path), { key: keyOffset, value: start })
    if (path.length > maxDepth) {
      fault(start, path, { message: 'is nested too deeply', help: `use at most ${maxDepth} levels` })
      return null
    }
    if (isAlias(node)) {
      fault(start, path, {
        message: 'aliases are not read',
        help: 'write the value out (or quote it where it is text)',
      })
      return null
    }
    if (isScalar(node)) return node.value
    if (isSeq(node)) return node.items.map((item, index) => convert(item, [...path, index], start))
    if (!isMap(node)) return null
    const mapping: Record<string, unknown> = Object.create(null)
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const at = offsetOf(key) ?? start
      const converted = convert(value, [...path, name], at)
      if (name === '__proto__')
        fault(at, [...path, name], { message: 'is a name that cannot be used', help: 'remove it' })
      else if (!(name in mapping)) mapping[name] = converted
    }
    return mapping
  }

  const usable = document.errors.every((error) => error.code === 'DUPLICATE_KEY')
  const value = usable ? convert(document.contents, [], 0) : null

  const position = (path: Path, at: 'key' | 'value'): Position => {
    const found = offsets.get(JSON.stringify(path))
    if (found !== undefined) return positionAt(found[at])
    return path.length === 0 ? { line: 1, column: 1 } : position(path.slice(0, -1), 'value')
  }
  return { value, faults, usable, position }
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined
  const start: unknown = node.range[0]
  return typeof start === 'number' ? start : undefined
}
