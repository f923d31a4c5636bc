/** Writes docs/threat-model.md from the list of threats and the names of the tests. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Threat, type ThreatGroup, threatGroups } from './threat-list.ts'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

export interface TestFile {
  /** From the root of the repository. */
  readonly file: string
  readonly source: string
}

const intro = `# Threat model

Made by \`scripts/threat-model.ts\` from the list of threats and the names of the tests (\`threat 26: …\`); edit
\`scripts/threat-list.ts\` or the tests, not this file. A test fails when it is stale, or when a threat is neither covered
nor left to a later release on purpose.

**Who attacks**: a user; a hostile client or agent; a hostile or compromised upstream; a hostile identity provider or
metadata host; a network attacker; a thief of the store or a backup; a crash.
**Boundaries**: client and gateway; gateway and identity provider, key sets, upstreams, log and store.

Expected everywhere unless said otherwise: refused, zero bytes to any upstream, one audit entry, no secret in any output.
`

/** The document. Pure. */
export function renderThreatModel(groups: readonly ThreatGroup[], tests: readonly TestFile[]): string {
  const covering = filesByThreat(tests)
  const sections = groups.map(({ letter, title, threats }) => {
    const rows = threats.map((threat) => row(threat, covering.get(threat.number) ?? []))
    return `\n## ${letter}. ${title}\n\n| # | threat | status | tests |\n| --- | --- | --- | --- |\n${rows.join('')}`
  })
  return `${intro}${sections.join('')}`
}

/** Threats that no test covers and that no later release is said to bring. Pure. */
export function uncovered(groups: readonly ThreatGroup[], tests: readonly TestFile[]): readonly number[] {
  const covering = filesByThreat(tests)
  return groups
    .flatMap(({ threats }) => threats)
    .filter(({ number, later }) => later === undefined && !covering.has(number))
    .map(({ number }) => number)
}

/** Threat number to the files with a test of that name. Pure. */
export function filesByThreat(tests: readonly TestFile[]): ReadonlyMap<number, readonly string[]> {
  const covering = new Map<number, Set<string>>()
  for (const { file, source } of tests) {
    for (const number of threatsNamed(source)) covering.set(number, (covering.get(number) ?? new Set()).add(file))
  }
  return new Map([...covering].map(([number, files]) => [number, [...files].sort()]))
}

/** The numbers in names such as `threat 26: …`, `threat 31, 96: …`, `threats 33 and 35: …`, `threats 42-44: …`. Pure. */
export function threatsNamed(source: string): ReadonlySet<number> {
  const numbers = new Set<number>()
  for (const [, list = ''] of source.matchAll(/['"`]threats? (\d[^:'"`]*):/g)) {
    for (const [, from = '', to = from] of list.matchAll(/(\d+)(?:-(\d+))?/g))
      for (let number = Number(from); number <= Number(to); number += 1) numbers.add(number)
  }
  return numbers
}

function row({ number, what, later }: Threat, files: readonly string[]): string {
  const status =
    later === undefined ? (files.length > 0 ? 'covered' : '**not covered**') : `not in this release: ${later}`
  return `| ${number} | ${what} | ${status} | ${files.map(link).join('<br>')} |\n`
}

function link(file: string): string {
  return `[${path.basename(file, '.test.ts')}](../${file})`
}

/** Names threats to test how they are read, and covers none. */
const ownTest = 'tests/architecture/threat-model.test.ts'

/** Every test of the repository. */
export function readTests(): readonly TestFile[] {
  const packages = readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}/test`)
  return [...packages, 'tests'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `${folder}/${file.split(path.sep).join('/')}`)
      .filter((file) => file !== ownTest)
      .sort()
      .map((file) => ({ file, source: readFileSync(path.join(root, file), 'utf8') })),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(path.join(root, 'docs', 'threat-model.md'), renderThreatModel(threatGroups, readTests()))
