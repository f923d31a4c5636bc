import { readdirSync, readFileSync } from 'node:fs'
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

// Every TypeScript file of each package's `src`.
export function readTree(): Tree {
  const packages = readdirSync(path.join(root, 'packages'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  return packages.flatMap(({ name }) => {
    const folder = path.join(root, 'packages', name, 'src')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    return files.map((file) =>
      sourceFile(
        `packages/${name}/src/${file.split(path.sep).join('/')}`,
        readFileSync(path.join(folder, file), 'utf8'),
      ),
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

/** Where an import leads: a path in the repository, or the name of a package or of a module of Node without its `node:`. */
export function resolveImport(file: string, from: string): string {
  if (from.startsWith('.')) return path.posix.join(path.posix.dirname(file), from)
  return aliases[from] ?? from.replace(/^node:/, '')
}
