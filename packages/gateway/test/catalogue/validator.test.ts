import { expect, test } from 'vitest'
import { evaluateValidator } from '../../src/catalogue/validator.ts'

test('generated code reaches nothing of Node, and makes no further code', () => {
  const probe = (expression: string) =>
    evaluateValidator(
      `module.exports = () => { module.exports.errors = [{ instancePath: '', message: String(${expression}) }]; return false }`,
    )({})
  expect(probe('typeof process')).toContain('undefined')
  expect(probe('typeof fetch')).toContain('undefined')
  expect(probe('typeof globalThis.process')).toContain('undefined')
  expect(probe('eval("1")')).toContain('cannot be checked')
  expect(() => evaluateValidator('require("node:fs")')).toThrow('generated code asked for')
})

test('a verdict that is not `true` is none', () => {
  expect(evaluateValidator('module.exports = () => Promise.resolve(true)')({})).toBeDefined()
  expect(evaluateValidator('module.exports = () => 1')({})).toBeDefined()
})
