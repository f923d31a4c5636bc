import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CopiedTree, copyTree } from '../copied-tree.ts'
import { ruleNames } from './import-rules.ts'
import { cyclePlantings, importPlantings, type Planting } from './plantings.ts'
import { root } from './tree.ts'

let copy: CopiedTree

beforeAll(() => {
  copy = copyTree(['tests/architecture/allowed.ts'])
})

afterAll(() => copy.remove())

interface Cruised {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[]
  }
}

function cruise(): Cruised['summary'] {
  const args = ['--config', path.join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'packages']
  const { stdout, stderr } = copy.run('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', args)
  if (!stdout.startsWith('{')) throw new Error(stderr)
  return (JSON.parse(stdout) as Cruised).summary
}

/** Each planting in files of its own names, so that one run judges all of them. */
function plantAll(plantings: readonly Planting[]): ReadonlyMap<Planting, readonly string[]> {
  return new Map(
    plantings.map((planting, number) => {
      const numbered = (text: string): string => text.replaceAll('planted', `planted-${number}`)
      const files = Object.entries({ ...planting.others, [planting.file]: planting.code })
      for (const [file, code] of files) writeFileSync(path.join(copy.folder, numbered(file)), `${numbered(code)}\n`)
      return [planting, files.map(([file]) => numbered(file))]
    }),
  )
}

test('the copy is clean, and every planted import is caught by its rule', () => {
  const clean = cruise()
  expect(clean.totalCruised).toBeGreaterThan(100)
  expect(clean.violations.map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([])

  const planted = plantAll([...importPlantings, ...cyclePlantings])
  const { violations } = cruise()
  // a cycle is told once, of whichever of its files comes first
  const missed = [...planted].filter(
    ([{ wall }, files]) => !violations.some(({ from, rule }) => files.includes(from) && rule.name === wall),
  )
  expect(missed.map(([{ wall, code }]) => `${wall}: ${code}`)).toEqual([])
})

test('every rule has a planted violation', () => {
  const planted = new Set([...importPlantings, ...cyclePlantings].map(({ wall }) => wall))
  expect(ruleNames.filter((name) => !planted.has(name))).toEqual([])
})
