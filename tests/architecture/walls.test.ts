import { describe, expect, test } from 'vitest'
import { brokenImportRules } from './import-rules.ts'
import { hiddenPlantings, importPlantings, type Planting, wallPlantings } from './plantings.ts'
import { otherFiles, plant, readTree } from './tree.ts'
import { brokenWalls, staleEntries } from './wall.ts'
import { walls } from './walls.ts'

const tree = readTree()

/** Without the planted file: an existing fault must not pass for the catch. */
function caught(planting: Planting): readonly string[] {
  const files = Object.entries({ ...planting.others, [planting.file]: planting.code })
  const planted = files.reduce((grown, [file, code]) => plant(grown, file, code), tree)
  return [...brokenWalls(walls, planted), ...brokenImportRules(planted)]
    .filter(({ file }) => file === planting.file)
    .map(({ wall }) => wall)
}

const show = (planting: Planting): string => planting.code.replaceAll('\n', '; ').slice(0, 90)

describe('the source as it stands', () => {
  test('is TypeScript alone, which is what is judged here', () => {
    expect(otherFiles()).toEqual([])
  })

  test('is all there', () => {
    expect(tree.length).toBeGreaterThan(100)
    expect(tree.map(({ path }) => path)).toContain('packages/gateway/src/pipeline.ts')
  })

  test.each(walls.map((wall) => [wall.name, wall] as const))('%s', (_, wall) => {
    expect(brokenWalls([wall], tree)).toEqual([])
  })

  test('keeps the import rules, in forms that dependency-cruiser does not see', () => {
    expect(brokenImportRules(tree)).toEqual([])
  })

  test('needs every entry of every list', () => {
    expect(staleEntries(walls, tree)).toEqual([])
  })
})

describe('a planted violation is caught', () => {
  test.each(wallPlantings.map((planting) => [planting.wall, show(planting), planting] as const))(
    '%s: %s',
    (wall, _, planting) => {
      expect(caught(planting)).toContain(wall)
    },
  )

  test.each(hiddenPlantings.map((planting) => [planting.wall, show(planting), planting] as const))(
    '%s: %s',
    (wall, _, planting) => {
      expect(caught(planting)).toContain(wall)
    },
  )

  const onlyByInstallation = new Set(['no-unresolved', 'no-undeclared-packages'])
  const readable = importPlantings.filter(({ wall }) => !onlyByInstallation.has(wall))
  test.each(readable.map((planting) => [planting.wall, show(planting), planting] as const))(
    '%s: %s',
    (wall, _, planting) => {
      expect(caught(planting)).toContain(wall)
    },
  )

  test('of every wall', () => {
    expect(walls.map(({ name }) => name).filter((name) => !wallPlantings.some(({ wall }) => wall === name))).toEqual([])
  })
})

describe('what is harmless is not caught', () => {
  test.each([
    [
      'a date of given time',
      'packages/gateway/src/mcp/planted.ts',
      `export const a = (ms: number) => new Date(ms).toISOString()`,
    ],
    ['arithmetic', 'packages/gateway/src/mcp/planted.ts', `export const a = Math.max(1, 2)`],
    [
      'a hash',
      'packages/gateway/src/mcp/planted.ts',
      `import { createHash } from 'node:crypto'\nexport const a = createHash`,
    ],
    [
      'a fetch that was passed in',
      'packages/guard/src/verify/planted.ts',
      `export const a = (fetch: (url: string) => void) => fetch('x')`,
    ],
    [
      'the header in a comment',
      'packages/gateway/src/egress/planted.ts',
      `// never the authorization header\nexport const a = 1`,
    ],
    ['the words of RFC 6749', 'packages/gateway/src/egress/planted.ts', `export const a = 'the authorization server'`],
  ])('%s', (_, file, code) => {
    expect(caught({ wall: '', file, code })).toEqual([])
  })
})
