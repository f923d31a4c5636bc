import { expect, test } from 'vitest'
import { countReport } from '../../scripts/step.ts'

const file = (status: string, ...tests: readonly string[]) => ({
  status,
  assertionResults: tests.map((status) => ({ status })),
})

test.each([
  ['all that passed', [file('passed', 'passed', 'passed')], 0, { passed: 2, failed: 0 }],
  ['a failed test once, not its file too', [file('failed', 'passed', 'failed')], 1, { passed: 1, failed: 1 }],
  ['a skipped test as failed', [file('passed', 'passed', 'skipped')], 0, { passed: 1, failed: 1 }],
  ['a file that did not load', [file('failed'), file('passed', 'passed')], 1, { passed: 1, failed: 1 }],
  ['a rejection that no test saw', [file('passed', 'passed')], 1, { passed: 1, failed: 1 }],
  ['no tests at all', [], 0, { passed: 0, failed: 1 }],
])('the count holds %s', (_, testResults, code, count) => {
  expect(countReport({ testResults }, code)).toEqual(count)
})

test('the count holds a run that left no report', () => {
  expect(countReport(undefined, 1)).toEqual({ passed: 0, failed: 1 })
})
