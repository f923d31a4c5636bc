/**
 * The rules of .dependency-cruiser.cjs, applied to the imports that the scan of this folder finds, which are more than
 * dependency-cruiser sees. What needs the whole graph (cycles, reachability) and what needs an installation stays with it.
 */
import { builtinModules, createRequire } from 'node:module'
import { resolveImport, root, type Tree } from './tree.ts'
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
  return tree.flatMap((file) =>
    file.facts.imports.flatMap(({ from, typeOnly }) => {
      if (from === undefined) return []
      const target = targetOf(resolveImport(file.path, from))
      const broken = judged.filter((rule) => breaks(rule, file.path, target, typeOnly))
      return broken.map(({ name }) => ({ wall: name, file: file.path, what: `imports ${from}` }))
    }),
  )
}

interface Target {
  readonly path: string
  readonly type: 'core' | 'npm' | 'local'
}

function targetOf(resolved: string): Target {
  if (resolved.startsWith('packages/') || resolved.startsWith('tests/')) return { path: resolved, type: 'local' }
  if (builtinModules.includes(resolved) || resolved === 'sqlite') return { path: resolved, type: 'core' }
  return { path: `node_modules/${resolved}/`, type: 'npm' }
}

function breaks(rule: Rule, from: string, target: Target, typeOnly: boolean): boolean {
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
