import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseApproval } from '../../src/policy/approval.ts'
import { parsePolicies } from '../../src/policy/parse-policies.ts'
import { splitStatements } from '../../src/policy/statements.ts'

const problemsOf = (text: string) => parsePolicies('a.cedar', text).problems

test('field notes: ids are `@id` or `{file}#{n}`, and annotations stay with their policy beyond ten', () => {
  const text = Array.from(
    { length: 12 },
    (_, i) => `@approval("group-${i}, 1") permit(principal, action, resource);`,
  ).join('\n')
  const { policies } = parsePolicies('a.cedar', text)
  expect(policies.map(({ id, approvers, line }) => [id, approvers?.group, line])).toEqual(
    Array.from({ length: 12 }, (_, i) => [`a.cedar#${i}`, `group-${i}`, i + 1]),
  )
  expect(parsePolicies('a.cedar', '@id("x") permit(principal, action, resource);').policies[0]?.id).toBe('x')
})

test('comments and strings with `;` and `//` in them', () => {
  const text = `// permit(principal, action, resource);
@id("a;b") // ;
permit(principal == Sallyport::Person::"https://idp|a;\\"b", action, resource); // end`
  expect(parsePolicies('a.cedar', text)).toMatchObject({ policies: [{ id: 'a;b', line: 2, column: 1 }], problems: [] })
})

test('every problem at once, each with its place and what to do', () => {
  const text = `permit(principal, action, resource) when { context.é == };

  permit(principal, action resource);
@approval("ops") permit(principal, action, resource);
permit(principal, action, resource) when { 1 + `
  expect(problemsOf(text)).toEqual([
    { file: 'a.cedar', line: 1, column: expect.any(Number), message: expect.any(String), help: expect.anything() },
    {
      file: 'a.cedar',
      line: 3,
      column: 28,
      message: 'unexpected token `resource`',
      help: expect.stringContaining('expected'),
    },
    {
      file: 'a.cedar',
      line: 4,
      column: 1,
      message: expect.stringContaining('@approval'),
      help: expect.stringContaining('finance, 2'),
    },
    {
      file: 'a.cedar',
      line: 5,
      column: expect.any(Number),
      message: 'unexpected end of input',
      help: expect.anything(),
    },
  ])
})

test('columns count characters, where the engine counts bytes', () => {
  expect(problemsOf('permit(principal, action, resource) when { "ééé" == };')).toMatchObject([{ line: 1, column: 53 }])
})

test.each([
  ['on a forbid', '@approval("ops, 1") forbid(principal, action, resource);', 'forbid'],
  ['without a value', '@approval permit(principal, action, resource);', 'not of the form'],
  ['without a number', '@approval("ops") permit(principal, action, resource);', 'not of the form'],
  ['without a group', '@approval(", 2") permit(principal, action, resource);', 'not of the form'],
  ['for nobody', '@approval("ops, 0") permit(principal, action, resource);', '1 to 20'],
  ['for too many', '@approval("ops, 21") permit(principal, action, resource);', '1 to 20'],
  ['for a fraction', '@approval("ops, 1.5") permit(principal, action, resource);', 'not of the form'],
  ['with a bidi group', '@approval("o\u202eps, 1") permit(principal, action, resource);', 'invisible'],
])('@approval %s is a problem', (_, text, message) => {
  expect(problemsOf(text)).toMatchObject([{ message: expect.stringContaining(message), line: 1, column: 1 }])
})

test('field notes: `@approval("group", "2")` does not parse, and the help says how to write it', () => {
  expect(problemsOf('@approval("group", "2") permit(principal, action, resource);')).toMatchObject([
    { line: 1, column: 18 },
  ])
  expect(parseApproval('finance, team A, 2')).toEqual({ group: 'finance, team A', count: 2 })
})

test('field notes: a template has no place here', () => {
  expect(problemsOf('permit(principal == ?principal, action, resource);')[0]?.message).toContain('template')
})

test.each([
  ['an unqualified type', 'permit(principal in Group::"x", action, resource);', 'write `Sallyport::Group`'],
  [
    'an unqualified type in a condition',
    'permit(principal, action, resource) when { principal is Person };',
    'write `Sallyport::Person`',
  ],
  ['an unknown action', 'permit(principal, action == Sallyport::Action::"delete", resource);', '{upstream}/{tool}'],
  ['a group as a principal', 'forbid(principal == Sallyport::Group::"x", action, resource);', 'principal in'],
  ['a tool as a principal', 'forbid(principal is Sallyport::Tool, action, resource);', 'principal in'],
  ['a person as a resource', 'forbid(principal, action, resource is Sallyport::Person);', 'name a'],
  [
    'calls on an upstream itself',
    'forbid(principal, action in Sallyport::Action::"call", resource == Sallyport::Upstream::"x");',
    'calls act on',
  ],
  [
    'a tool of another upstream',
    'forbid(principal, action == Sallyport::Action::"a/t", resource in Sallyport::Upstream::"b");',
    'calls act on',
  ],
  [
    'a list of a tool',
    'forbid(principal, action == Sallyport::Action::"list", resource is Sallyport::Tool);',
    'calls act on',
  ],
  ['the group of calls by `==`', 'forbid(principal, action == Sallyport::Action::"call", resource);', 'action in'],
])('vocabulary: %s', (_, text, help) => {
  expect(problemsOf(text)).toMatchObject([{ help: expect.stringContaining(help) }])
})

test.each([
  ['a twin annotation', '@id("") permit(principal, action, resource);'],
  ['an id with a newline', '@id("a\\nb") permit(principal, action, resource);'],
  ['an id of 129 characters', `@id("${'x'.repeat(129)}") permit(principal, action, resource);`],
])('ids: %s', (_, text) => {
  expect(problemsOf(text)).toMatchObject([{ message: expect.stringContaining('@id') }])
})

test.each([
  'permit(principal, action, resource);',
  'permit(principal, action in Sallyport::Action::"call", resource in Sallyport::Upstream::"x");',
  'permit(principal, action in Sallyport::Action::"call", resource == Sallyport::Tool::"x/y");',
  'permit(principal, action, resource is Sallyport::Upstream);',
  'permit(principal, action, resource is Sallyport::Tool in Sallyport::Upstream::"x");',
  'permit(principal, action == Sallyport::Action::"x/y", resource == Sallyport::Tool::"x/y");',
  'permit(principal, action in [Sallyport::Action::"list", Sallyport::Action::"x/y"], resource == Sallyport::Upstream::"x");',
  'permit(principal, action == Sallyport::Action::"list", resource in Sallyport::Upstream::"x");',
  'permit(principal is Sallyport::Person in Sallyport::Group::"g", action, resource);',
])('vocabulary: nothing wrong with %s', (text) => {
  expect(problemsOf(text)).toEqual([])
})

const condition = (text: string) => `permit(principal, action, resource) when { ${text} };`
test.each([
  ['brackets', condition(`${'('.repeat(20_000)}true${')'.repeat(20_000)}`)],
  ['sets', condition(`${'['.repeat(300)}${']'.repeat(300)} == 1`)],
  ['conditionals', condition(`${'if true then true else '.repeat(3000)} false`)],
  ['a chain of operators', condition(Array(5000).fill('true').join(' || '))],
  ['a chain of attributes', condition(`context${'.a'.repeat(5000)} == 1`)],
  ['clauses', `permit(principal, action, resource)${' when { true }'.repeat(5000)};`],
  ['64 KiB', condition(`"${'x'.repeat(70_000)}" == "a"`)],
])('field notes: a policy of too many %s is a problem, and the engine lives on', (_, text) => {
  expect(problemsOf(text)).toHaveLength(1)
  expect(problemsOf(condition('true'))).toEqual([])
})

test('an integer that JSON would round is a problem', () => {
  expect(problemsOf(condition('9007199254740993 == 1'))[0]?.message).toContain('2^53')
  expect(problemsOf(condition('9007199254740991 == 1 || "9007199254740993" == "1"'))).toEqual([])
})

test('a file of a million statements, or one string of a megabyte, is refused at once', () => {
  const started = performance.now()
  expect(problemsOf(';'.repeat(1_000_000))).toMatchObject([{ message: 'the file has more than 2000 policies' }])
  expect(problemsOf(`"${'\\n'.repeat(500_000)}`)).toHaveLength(1)
  expect(performance.now() - started).toBeLessThan(3000)
})

test('statements cover the whole text, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', '\\', ';', '/', '\n', 'a', ' ', '(', '{', 'é') }), (text) => {
      for (const { text: part, offset } of splitStatements(text))
        expect(text.slice(offset, offset + part.length)).toBe(part)
    }),
    { numRuns: 300 },
  )
})
