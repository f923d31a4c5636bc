import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseYaml } from '../../src/config/yaml.ts'
import { canary, load } from './written.ts'

test.each([
  ['a tab', '\turl: x', 'is indented with a tab'],
  ['a second document', 'url: x\n---\nurl: y', 'a second document starts here'],
  ['a directive', '%YAML 1.1\n---\nurl: yes', 'YAML directives are not read'],
  ['an open quote', `url: '${canary}`, 'lacks a closing quote'],
  ['a reserved character', `url: \`${canary}`, 'is a text that starts with a reserved character'],
  ['a bad escape', `url: "\\q${canary}"`, 'has an unknown escape'],
  [
    'a reference between braces',
    'x: { secret: ${KEY} }',
    'is not expected here, between braces or brackets put references in quotes',
  ],
  ['two colons', `a: b: ${canary}`, 'has a second `: ` on one line'],
  ['a key that is a list', '? [a]\n: 1', 'is not a text, but stands as a key'],
  ["a tag of one's own", `url: !${canary} x`, 'has a tag that is not read'],
  ['an alias', `url: *${canary}`, 'aliases are not read'],
  ['depth', '['.repeat(20_000), 'is nested too deeply'],
  ["depth within the parser's reach", `a: ${'['.repeat(50)}${']'.repeat(50)}`, 'is nested too deeply'],
])('%s', async (_title, yaml, expected) => {
  const { problems } = await load(yaml)
  expect(problems.some((problem) => problem.includes(`: ${expected}`))).toBe(true)
  expect(problems.length).toBeLessThan(30)
  expect(problems.join('\n')).not.toContain(canary)
})

test('a bomb of aliases expands nothing', async () => {
  const lines = Array.from(
    { length: 30 },
    (_, level) =>
      `a${level}: &a${level} [${Array(9)
        .fill(level === 0 ? 'x' : `*a${level - 1}`)
        .join(', ')}]`,
  )
  const { problems } = await load(lines.join('\n'))
  expect(problems).toHaveLength(200)
})

test('what cannot be read', async () => {
  const message = async (content: string | Buffer): Promise<string | undefined> => (await load(content)).problems[0]
  expect(await message('#'.repeat(300_000))).toBe(
    'sallyport.yaml: is larger than 256 KiB, name the configuration file with `--config FILE`',
  )
  expect(await message(Buffer.from([0xff, 0xfe, 0x00]))).toBe('sallyport.yaml: is not UTF-8 text, save it as UTF-8')
  expect(await message('')).toBe('sallyport.yaml:1:1 url: is missing, give a text')
  expect(await message('- a')).toContain('sallyport.yaml:1:1: is not a mapping')
})

test('JSON is YAML', async () => {
  const { config, problems } = await load(
    JSON.stringify({ url: 'https://a.example.com', authorizationServer: {} }, null, 2),
  )
  expect(problems).toEqual([])
  expect(config?.url).toBe('https://a.example.com')
})

test('property: any text gives problems with positions inside it, and nothing is thrown', () => {
  const text = fc.array(
    fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&x ',
      '*x',
      '!t ',
      '#',
      '|',
      '%',
      '? ',
      '${A}',
      '\t',
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(text, (parts) => {
      const source = parts.join('')
      const { faults, position } = parseYaml(source)
      const lines = source.split('\n')
      for (const at of [...faults.map((fault) => fault.position), position(['nothing', 3], 'value')]) {
        expect(at.line).toBeLessThanOrEqual(lines.length)
        expect(at.column).toBeLessThanOrEqual((lines[at.line - 1]?.length ?? 0) + 1)
      }
    }),
    { numRuns: 500 },
  )
})

test('property: whatever stands where a value belongs is not printed', async () => {
  const places = [
    'url',
    'listen',
    'ops',
    'network',
    'store',
    'rootKey',
    'authorizationServer',
    'issuers',
    'upstreams',
    'policies',
    'login',
    'other',
  ]
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(canary),
      fc.constant(`https://${canary}@x`),
      fc.integer(),
      fc.constant(null),
      tie('list'),
      tie('mapping'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    mapping: fc.dictionary(
      fc.constantFrom(
        'name',
        'url',
        'command',
        'args',
        'env',
        'credentials',
        'type',
        'token',
        'issuer',
        'endpoints',
        'a',
        'audience',
        'clients',
        'id',
        'secret',
        'scopes',
        'allow',
        'profile',
        'client',
        '<<',
      ),
      tie('value'),
      { maxKeys: 5 },
    ),
  })).value
  const document = fc.dictionary(fc.constantFrom(...places), value, { maxKeys: 6 })
  await fc.assert(
    fc.asyncProperty(document, async (written) => {
      const { problems, warnings } = await load(JSON.stringify(written))
      expect([...problems, ...warnings].join('\n').toLowerCase()).not.toContain(canary)
      expect(problems.length).toBeGreaterThan(0)
    }),
    { numRuns: 200 },
  )
})
