/** docs/policies.md holds what it says: its examples load, and its tables are decided. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Principal } from '@sallyport/guard'
import { describe, expect, test } from 'vitest'
import type { AcceptedTool } from '../../src/catalogue/port.ts'
import { formatProblem } from '../../src/config/index.ts'
import type { Call, JsonObject, Target } from '../../src/mcp/call.ts'
import { type ArgumentType, typeArguments } from '../../src/policy/argument-types.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { createPolicyEngine } from '../../src/policy/engine.ts'
import { parsePolicies } from '../../src/policy/parse-policies.ts'
import { toolAttributes } from '../../src/policy/tool-attributes.ts'
import { contextAttributes, entityType, type UpstreamAction, upstreamActions } from '../../src/policy/vocabulary.ts'
import { call, principal, Shelf, tool } from './given.ts'

const document = readFileSync(path.resolve(import.meta.dirname, '../../../../docs/policies.md'), 'utf8')

/** The rows of the tables below each heading with these columns; cells as they stand, `\|` undone. */
function rowsOf(text: string, ...columns: readonly string[]): readonly (readonly string[])[] {
  const cells = (line: string) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    if (!line.startsWith('|') || cells(line).join() !== columns.join()) return []
    const end = lines.findIndex((later, index) => index > at && !later.startsWith('|'))
    return lines.slice(at + 2, end).map(cells)
  })
}

const code = (cell = ''): string => /^`(.*)`$/.exec(cell)?.[1] ?? ''

const tools = rowsOf(document, 'tool', '`readOnlyHint`', 'arguments').map(([name, readOnly, given]): AcceptedTool => {
  const properties = code(given)
    .split(', ')
    .map((argument) => /^(\w+)(\??): (\w+)$/.exec(argument) ?? [])
    .map(([, key, optional, type = '']) => [`${key}${optional === '?' ? '' : '!'}`, { type }])
  return tool(code(name), Object.fromEntries(properties), { annotations: { readOnlyHint: readOnly === 'true' } })
})

const assistant = /by way of `Sallyport::Agent::"(.*)\|(.*)"`/.exec(document)
const people = new Map(
  document
    .matchAll(/^- \*\*(\w+)\*\* is `Sallyport::(Person|Agent)::"(.*)\|(.*)"`, (?:in the group `(\w+)`)?/gm)
    .map(([, name = '', kind, issuer = '', id = '', group]): [string, Principal] => {
      if (kind === 'Agent') return [name, principal({ person: undefined, agent: { issuer, clientId: id } })]
      const agent = { issuer: assistant?.[1] ?? '', clientId: assistant?.[2] ?? '' }
      const groups = group === undefined ? [] : [group]
      return [name, principal({ person: { issuer, subject: id, groups }, agent })]
    }),
)

/** ``bank/pay {"amount": 5}`` or ``read files file:///a``, then perhaps `at 12:00` and `from 192.0.2.7`. */
function callOf(cell: string): { readonly call: Call; readonly now: number } {
  const [, text = '', hours = '12', minutes = '00', peer = '192.0.2.7'] =
    /^`([^`]+)`(?: at (\d\d):(\d\d))?(?: from ([\d.]+))?$/.exec(cell) ?? []
  const now = Date.UTC(2026, 10, 20, Number(hours), Number(minutes))
  const [, upstream, name, args] = /^([\w-]+)\/(\w+) (\{.*\})$/.exec(text) ?? []
  if (upstream !== undefined && name !== undefined) {
    const target: Target = { action: 'call', tool: name }
    return { call: call(upstream, target, { arguments: JSON.parse(args ?? '{}'), peer }), now }
  }
  const [, action, on, uri = ''] = /^(list|read) (\w+)(?: (\S+))?$/.exec(text) ?? []
  if (on === undefined) throw new Error(`cannot read the call ${cell}`)
  return { call: call(on, action === 'read' ? { action, uri } : { action: 'list' }, { peer }), now }
}

function answerOf(decision: Decision): string {
  if (decision.outcome === 'allow') return 'allow'
  if (decision.outcome === 'deny') return decision.reason === 'not_permitted' ? 'deny' : `deny: ${decision.reason}`
  return `asks ${decision.approvers.map(({ group, count }) => `${count} of ${group}`).join(', ')}`
}

interface Example {
  readonly policies: string
  readonly kind: string
  /** What is printed of it. */
  readonly printed: readonly string[]
  readonly claims: readonly (readonly string[])[]
}

/** Up to the next example, all that is said is said of this one. */
const examples: readonly Example[] = document
  .split(/^```cedar/m)
  .slice(1)
  .map((text) => {
    const [, kind = '', policies = '', rest = ''] = /^ ?(\w*)\n(.*?)\n```\n(.*)$/s.exec(text) ?? []
    const printed = /^```text\n(.*?)\n```$/ms.exec(rest)?.[1]?.split('\n') ?? []
    return { policies, kind, printed, claims: rowsOf(rest, 'who', 'what', 'answer') }
  })

function engineOf(example: Example) {
  const { policies, problems } = parsePolicies('policies/bank.cedar', example.policies)
  expect(problems).toEqual([])
  const upstreams = [{ name: 'bank' }, { name: 'files' }]
  return createPolicyEngine({ policies, catalogue: new Shelf(tools), config: { upstreams }, tenant: 'default' })
}

test('the people, tools and examples are read', () => {
  expect([...people.keys()]).toEqual(['Ann', 'Bob', 'Reporter'])
  expect(tools).toHaveLength(4)
  expect(examples.length).toBeGreaterThan(6)
  expect(examples.filter(({ kind, claims }) => kind !== 'refused' && claims.length === 0)).toEqual([])
  expect(document.match(/```cedar/g)).toHaveLength(examples.length)
})

describe.each(examples.map((example, number) => [number + 1, example] as const))('example %i', (_, example) => {
  if (example.kind === 'refused') {
    test('is refused, as printed', () => {
      const { problems } = parsePolicies('policies/bank.cedar', example.policies)
      expect(problems.map(({ help = '', ...problem }) => formatProblem({ ...problem, path: '', help }))).toEqual(
        example.printed,
      )
    })
    return
  }

  test(example.kind === 'warned' ? 'warns, as printed' : 'has nothing to warn of', () => {
    expect(engineOf(example).warnings()).toEqual(example.printed)
    expect(example.printed.length > 0).toBe(example.kind === 'warned')
  })

  test.each(example.claims)('%s: %s: %s', (who = '', what = '', answer = '') => {
    const caller = people.get(who)
    if (caller === undefined) throw new Error(`nobody is called ${who}`)
    const { call: made, now } = callOf(what)
    const { target } = made
    const named = tools.find(
      ({ upstream, name }) => target.action === 'call' && upstream === made.upstream && name === target.tool,
    )
    expect(answerOf(engineOf(example).decide(caller, made, named, { now }))).toBe(answer)
  })
})

test('without the second forbid of the paths, the one with `..` is allowed', () => {
  const example = examples.find(({ policies }) => policies.includes('"*..*"'))
  if (example === undefined) throw new Error('the example is gone')
  const statements = example.policies.split('\n\n').filter((statement) => !statement.includes('"*..*"'))
  const { call: made, now } = callOf('`files/read_file {"path": "/srv/docs/../../etc/passwd"}`')
  const read = tools.find(({ name }) => name === 'read_file')
  const decision = engineOf({ ...example, policies: statements.join('\n\n') }).decide(
    people.get('Bob') as Principal,
    made,
    read,
    { now },
  )
  expect(decision.outcome).toBe('allow')
})

test('the vocabulary is whole: entities, attributes of tools, actions', () => {
  const entities = rowsOf(document, 'entity', 'id', 'notes').map(([entity]) => `Sallyport::${code(entity)}`)
  expect(entities.toSorted()).toEqual(Object.values(entityType).toSorted())
  const attributes = rowsOf(document, 'attribute', 'type', '').map(([attribute]) => code(attribute))
  expect(attributes.toSorted()).toEqual(Object.keys(toolAttributes(tool('a/b'))).toSorted())
  const actions = rowsOf(document, 'action', 'resource', 'of').map(([action, resource]) => [
    code(action),
    code(resource),
  ])
  expect(new Map(actions as [string, string][])).toEqual(
    new Map([['{upstream}/{tool}', 'Tool'], ...[...upstreamActions].map((action) => [action, 'Upstream'] as const)]),
  )
})

test('the context is whole, action by action', () => {
  const rows = rowsOf(document, 'attribute', 'type', 'on').map(([attribute, type = '', on = '']) => {
    return { attribute: code(attribute), optional: type.endsWith('optional'), on: on.split(/[;:]/, 1)[0] ?? '' }
  })
  const isOn = (on: string, kind: string) =>
    on === 'everything' || (kind === 'call' ? on.startsWith('calls') : on.includes(`\`${kind}\``))
  for (const kind of ['call', ...upstreamActions] as readonly ('call' | UpstreamAction)[]) {
    const there = Object.entries(contextAttributes(kind, { type: 'Record', attributes: {} }))
    expect([kind, rows.filter(({ on }) => isOn(on, kind)).map((row) => [row.attribute, row.optional])]).toEqual([
      kind,
      expect.arrayContaining(there.map(([attribute, type]) => [attribute, type.required === false])),
    ])
    expect([kind, rows.filter(({ on }) => isOn(on, kind))]).toEqual([
      kind,
      expect.objectContaining({ length: there.length }),
    ])
  }
})

function shown(type: ArgumentType | undefined): string {
  if (type === undefined) return 'none'
  if (type.kind === 'Set') return `Set<${shown(type.element)}>`
  if (type.kind !== 'Record') return type.kind === 'Boolean' ? 'Bool' : type.kind
  const members = [...type.attributes].map(
    ([key, { type: inner, required }]) => `${key}${required ? '' : '?'}: ${shown(inner)}`,
  )
  return `{${members.join(', ')}}`
}

test.each(rowsOf(document, 'JSON Schema', 'in Cedar'))('%s is %s', (schema = '', type = '') => {
  const argument: JsonObject = JSON.parse(code(schema))
  const given = { type: 'object', properties: { x: argument }, required: ['x'] }
  const found = typeArguments(given).attributes.get('x')
  expect(shown(found?.type)).toBe(/^`([^`]+)`/.exec(type)?.[1] ?? 'none')
  expect(found?.required ?? true).toBe(!type.includes('absent'))
})
