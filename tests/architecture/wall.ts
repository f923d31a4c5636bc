import type { SourceFile, Tree } from './tree.ts'

export interface Violation {
  readonly wall: string
  readonly file: string
  readonly what: string
}

/** What a file must not do, unless its path is listed with a reason. */
export interface Wall {
  readonly name: string
  /** The files it stands around. */
  readonly around: RegExp
  /** Path of a file, or a pattern of paths, to why it may. */
  readonly allowed: ReadonlyMap<string | RegExp, string>
  /** What in this file offends, one text for each. */
  readonly offends: (file: SourceFile) => readonly string[]
}

export function brokenWalls(walls: readonly Wall[], tree: Tree): readonly Violation[] {
  return walls.flatMap((wall) =>
    tree
      .filter((file) => wall.around.test(file.path) && !isAllowed(wall, file.path))
      .flatMap((file) => wall.offends(file).map((what) => ({ wall: wall.name, file: file.path, what }))),
  )
}

/** Entries of the list that nothing needs any more: a gap in a wall that nobody would miss. */
export function staleEntries(walls: readonly Wall[], tree: Tree): readonly string[] {
  return walls.flatMap((wall) =>
    [...wall.allowed.keys()]
      .filter(
        (entry) =>
          !tree.some(
            (file) => wall.around.test(file.path) && covers(entry, file.path) && wall.offends(file).length > 0,
          ),
      )
      .map((entry) => `${wall.name}: ${entry}`),
  )
}

function isAllowed(wall: Wall, file: string): boolean {
  return [...wall.allowed.keys()].some((entry) => covers(entry, file))
}

function covers(entry: string | RegExp, file: string): boolean {
  return typeof entry === 'string' ? entry === file : entry.test(file)
}
