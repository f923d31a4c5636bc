import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { type Facts, factsOf } from './facts.ts'

export const root = path.resolve(import.meta.dirname, '../..')

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly facts: Facts
}

export type Tree = readonly SourceFile[]

/** Every TypeScript file of each package's `src`. */
export function readTree(): Tree {
  return sourcePaths()
    .filter((file) => file.endsWith('.ts'))
    .map((file) => sourceFile(file, readFileSync(path.join(root, file), 'utf8')))
}

/** What stands there beside it. */
export function otherFiles(): readonly string[] {
  return sourcePaths().filter((file) => !file.endsWith('.ts'))
}

function sourcePaths(): readonly string[] {
  return readdirSync(path.join(root, 'packages')).flatMap((name) => {
    const folder = path.join(root, 'packages', name, 'src')
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => !entry.isDirectory(),
    )
    return entries.map((entry) =>
      path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
  })
}

export function sourceFile(file: string, text: string): SourceFile {
  return { path: file, text, facts: factsOf(text) }
}

/** The tree with a file added, or in the place of the one that has its path. */
export function plant(tree: Tree, file: string, text: string): Tree {
  return [...tree.filter((known) => known.path !== file), sourceFile(file, text)]
}

const aliases: Readonly<Record<string, string>> = { '@sallyport/guard': 'packages/guard/src/index.ts' }

export interface Target {
  /** In the repository, in `node_modules`, or the name of a module of Node without its `node:`. */
  readonly path: string
  readonly type: 'local' | 'package' | 'npm' | 'core'
}

/** Where an import leads. */
export function resolveImport(file: string, from: string): Target {
  if (from.startsWith('.')) return { path: path.posix.join(path.posix.dirname(file), from), type: 'local' }
  const own = aliases[from]
  if (own !== undefined) return { path: own, type: 'package' }
  if (isBuiltin(from)) return { path: from.replace(/^node:/, ''), type: 'core' }
  return { path: `node_modules/${from}/`, type: 'npm' }
}
