import { expect, test } from 'vitest'
import { factsOf } from './facts.ts'

/** Wherever an expression may stand, the scan must look. */
test.each([
  'class A { m() { X } }',
  'class A { static #m() { X } }',
  'class A { constructor() { X } }',
  'class A { get m() { return X } }',
  'class A { static { X } }',
  'class A { #f = X }',
  'class A extends B { m() { super.x(X) } }',
  'const a = class { m() { X } }',
  'export default class { m() { X } }',
  'const o = { m() { X } }',
  'const o = { set m(v) { X } }',
  'const o = { [X]: 1 }',
  'switch (a) { default: X }',
  'try {} catch ({ a = X }) {}',
  'try {} finally { X }',
  'tag`a${X}`',
  'const { a: { b = X } } = c',
  'function* f(a = X) { yield a }',
  'for await (const a of X) {}',
  'await using a = X',
  'a?.b(...[X])',
  'new A((b, X))',
  'const a = X satisfies object',
  'a[X]!',
])('%s', (form) => {
  expect(factsOf(form.replace('X', 'Date.now()')).powers).toContain('Date.now')
  expect(factsOf(form.replace('X', `('author' + 'ization')`)).words).toContain('authorization')
})

test('imports in every form', () => {
  const { imports } = factsOf(`
    import a, { b as c, type D } from './1.ts'
    import type { E } from './2.ts'
    import './3.ts'
    export { f as g } from './4.ts'
    export * from './5.ts'
    type H = import('./6.ts').I.J
    class K { async m() { return (await import('./' + '7.ts')).n } }
    const o = import(p)
  `)
  expect(imports.map(({ from, names, typeOnly }) => [from, names.join(), typeOnly])).toEqual(
    expect.arrayContaining([
      ['./1.ts', 'D', true],
      ['./1.ts', 'default,b', false],
      ['./2.ts', 'E', true],
      ['./3.ts', '*', false],
      ['./4.ts', 'f', false],
      ['./5.ts', '*', false],
      ['./6.ts', 'I', true],
      ['./7.ts', '*', false],
      [undefined, '*', false],
    ]),
  )
})
