/**
 * The rules of .dependency-cruiser.cjs, applied to the imports that the scan of this folder finds, which are more than
 * dependency-cruiser sees. Cycles, and what needs an installation, stay with it.
 */
import { createRequire } from 'node:module'
import { resolveImport, root, type SourceFile, type Target, type Tree } from './tree.ts'
import type { Violation } from './wall.ts'

type Patterns = string | readonly string[]

interface Rule {
  readonly name: string
  readonly from: { readonly path?: Patterns; readonly pathNot?: Patterns }
  readonly to: {
    readonly path?: Patterns
    readonly pathNot?: Patterns
    readonly dependencyTypes?: readonly string[]
    readonly dependencyTypesNot?: readonly string[]
    readonly circular?: boolean
    readonly reachable?: boolean
    readonly couldNotResolve?: boolean
  }
}

const { forbidden } = createRequire(import.meta.url)(`${root}/.dependency-cruiser.cjs`) as {
  readonly forbidden: readonly Rule[]
}

export const ruleNames: readonly string[] = forbidden.map(({ name }) => name)

const judged = forbidden.filter(
  ({ to }) => to.circular === undefined && to.couldNotResolve === undefined && !needsInstallation(to),
)

function needsInstallation(to: Rule['to']): boolean {
  return to.dependencyTypes?.some((type) => type.startsWith('npm')) ?? false
}

export function brokenImportRules(tree: Tree): readonly Violation[] {
  const edges = new Map(tree.map((file) => [file.path, edgesOf(file)]))
  return tree.flatMap((file) => {
    const near = edges.get(file.path) ?? []
    const far = reachedFrom(near, edges)
    return judged.flatMap((rule) => {
      const broken = (rule.to.reachable === true ? far : near).filter((edge) => breaks(rule, file.path, edge))
      return broken.map(({ target }) => ({ wall: rule.name, file: file.path, what: `reaches ${target.path}` }))
    })
  })
}

interface Edge {
  readonly target: Target
  readonly typeOnly: boolean
}

function edgesOf(file: SourceFile): readonly Edge[] {
  return file.facts.imports.flatMap(({ from, typeOnly }) =>
    from === undefined ? [] : [{ target: resolveImport(file.path, from), typeOnly }],
  )
}

/** These, and what they lead to, within the source. */
function reachedFrom(near: readonly Edge[], edges: ReadonlyMap<string, readonly Edge[]>): readonly Edge[] {
  const reached = new Map<string, Edge>()
  const waiting = [...near]
  for (let edge = waiting.pop(); edge !== undefined; edge = waiting.pop()) {
    if (reached.has(edge.target.path)) continue
    reached.set(edge.target.path, edge)
    waiting.push(...(edges.get(edge.target.path) ?? []))
  }
  return [...reached.values()]
}

function breaks(rule: Rule, from: string, { target, typeOnly }: Edge): boolean {
  const groups = matched(rule.from.path, from)
  if (groups === undefined || excluded(rule.from.pathNot, from)) return false
  if (rule.to.dependencyTypes !== undefined && !rule.to.dependencyTypes.includes(target.type)) return false
  if (typeOnly && (rule.to.dependencyTypesNot?.includes('type-only') ?? false)) return false
  return matched(rule.to.path, target.path, groups) !== undefined && !excluded(rule.to.pathNot, target.path, groups)
}

/** The groups of the first pattern that matches; `$1` in a pattern stands for the first group of the importing side. */
function matched(
  patterns: Patterns | undefined,
  text: string,
  groups: readonly string[] = [],
): readonly string[] | undefined {
  if (patterns === undefined) return []
  for (const pattern of [patterns].flat()) {
    const match = new RegExp(pattern.replace(/\$(\d)/g, (_, number: string) => groups[Number(number) - 1] ?? '')).exec(
      text,
    )
    if (match !== null) return match.slice(1)
  }
  return undefined
}

function excluded(patterns: Patterns | undefined, text: string, groups: readonly string[] = []): boolean {
  return patterns !== undefined && matched(patterns, text, groups) !== undefined
}
