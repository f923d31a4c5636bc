import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { threatGroups } from '../../scripts/threat-list.ts'
import { filesByThreat, readTests, renderThreatModel, threatsNamed, uncovered } from '../../scripts/threat-model.ts'
import { root } from './tree.ts'

test('docs/threat-model.md is what the tests say: run `node scripts/threat-model.ts`', () => {
  const written = readFileSync(path.join(root, 'docs', 'threat-model.md'), 'utf8')
  expect(written).toBe(renderThreatModel(threatGroups, readTests()))
})

test('each threat is covered, or left to a later release on purpose', () => {
  expect(uncovered(threatGroups, readTests())).toEqual([])
})

test('every threat has a number of its own, without gaps, and no test names another', () => {
  const numbers = threatGroups.flatMap(({ threats }) => threats.map(({ number }) => number))
  expect(numbers).toEqual(Array.from({ length: 110 }, (_, index) => index + 1))
  expect([...filesByThreat(readTests()).keys()].filter((number) => !numbers.includes(number))).toEqual([])
})

describe('the numbers in the name of a test', () => {
  test.each<[string, readonly number[]]>([
    ["test('threat 26: raw', …)", [26]],
    ['["threats 33 and 35: nothing"]', [33, 35]],
    ['`threat 31, 96: never sent twice`', [31, 96]],
    ["'threats 42-44: a code'", [42, 43, 44]],
    ["'threats 37-38 and 45: none'", [37, 38, 45]],
    ["'threat 88, property: one line'", [88]],
    ["// threat 5 is elsewhere: see there, and 'threats of group A: all'", []],
  ])('%s', (source, numbers) => {
    expect([...threatsNamed(source)]).toEqual(numbers)
  })
})

describe('the check turns red', () => {
  const groups = [
    {
      letter: 'A',
      title: 'All',
      threats: [
        { number: 1, what: 'one' },
        { number: 2, what: 'two' },
      ],
    },
  ]
  const both = [{ file: 'tests/a.test.ts', source: "test('threats 1 and 2: both')" }]
  const one = [{ file: 'tests/a.test.ts', source: "test('threat 1: one')" }]

  test('where a test is gone', () => {
    expect(uncovered(groups, both)).toEqual([])
    expect(uncovered(groups, one)).toEqual([2])
    expect(renderThreatModel(groups, one)).not.toBe(renderThreatModel(groups, both))
    expect(renderThreatModel(groups, one)).toContain('| 2 | two | **not covered** |')
  })
})
