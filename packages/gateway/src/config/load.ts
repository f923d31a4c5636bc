/** From a file to the configuration, or to everything that is wrong with it. */
import path from 'node:path'
import { buildConfig } from './build.ts'
import { checkClients, checkIssuers } from './check-issuers.ts'
import { checkAddresses, checkRootKeyPlace } from './check-places.ts'
import { checkSecrets, type Filled, slotsOf } from './check-secrets.ts'
import { checkUpstreams } from './check-upstreams.ts'
import { type Draft, draftOf } from './draft.ts'
import { formatPath, type Problem, type Report } from './problem.ts'
import { resolveReference } from './references.ts'
import { checkShape } from './shape.ts'
import { findSource, type LoadOptions, readSource } from './source.ts'
import type { Config } from './types.ts'
import { type Document, parseYaml } from './yaml.ts'

const maxProblems = 200
/** Each is compared with each. */
const maxSecrets = 1000

export interface Broken {
  /** At least one, in the order of the file. */
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Absolute path of the folder of policies, where that much could be read. */
  readonly policies: string | undefined
}

export interface Loaded {
  readonly config: Config
  readonly warnings: readonly Problem[]
}

/**
 * Reads the configuration, checks all of it, and resolves its secret references. Does not check that an upstream, an
 * issuer or an address can be reached, nor the policies. Never throws for what is in the files.
 */
export async function loadConfig(options: LoadOptions): Promise<Loaded | Broken> {
  const source = findSource(options)
  const read = await readSource(source)
  if ('message' in read) {
    const problem: Problem = { file: source.shown, line: undefined, column: undefined, path: '', ...read }
    return { problems: [problem], warnings: [], policies: undefined }
  }
  return judge(read.text, source.file, source.shown, options.env)
}

async function judge(text: string, file: string, shown: string, env: LoadOptions['env']): Promise<Loaded | Broken> {
  const document = parseYaml(text)
  const value = document.value ?? {}
  const folder = path.dirname(file)
  const problems = new Findings(shown, document)
  const warnings = new Findings(shown, document)
  problems.addSyntax()
  if (!document.usable) return { problems: problems.sorted(), warnings: [], policies: undefined }

  const input = checkShape(value, problems.report)
  const draft = draftOf(value)
  checkIssuers(draft, problems.report)
  checkClients(draft, problems.report)
  checkUpstreams(draft, problems.report)
  checkAddresses(draft, problems.report, warnings.report)
  await checkRootKeyPlace(draft, folder, problems.report)
  const filled = await fill(draft, { env, folder }, problems.report, warnings.report)
  checkSecrets(filled, draft, problems.report, warnings.report)
  warnOfNothing(draft, warnings.report)

  if (input === undefined || problems.size > 0) {
    const { policies } = draft.settings
    return {
      problems: problems.sorted(),
      warnings: warnings.sorted(),
      policies: policies && path.resolve(folder, policies),
    }
  }
  const secrets = new Map(filled.map(({ slot, secret }) => [JSON.stringify(slot.path), secret]))
  const config = buildConfig(input, file, (place) => {
    const secret = secrets.get(JSON.stringify(place))
    if (secret === undefined) throw new Error(`no secret was resolved for ${formatPath(place)}`)
    return secret
  })
  return { config, warnings: warnings.sorted() }
}

async function fill(
  draft: Draft,
  context: { readonly env: LoadOptions['env']; readonly folder: string },
  report: Report,
  warn: Report,
): Promise<Filled[]> {
  const filled: Filled[] = []
  const slots = slotsOf(draft)
  if (slots.length > maxSecrets) {
    report(['upstreams'], {
      message: `refer to more than ${maxSecrets} secrets`,
      help: 'part them among several gateways',
    })
  }
  for (const slot of slots.slice(0, maxSecrets)) {
    const resolved = await resolveReference(slot.reference, context)
    if ('fault' in resolved) {
      report(slot.path, resolved.fault)
      continue
    }
    if (resolved.warning !== undefined) warn(slot.path, resolved.warning)
    filled.push({ slot, secret: resolved.secret })
  }
  return filled
}

function warnOfNothing(draft: Draft, warn: Report): void {
  if (draft.upstreams.length === 0) {
    warn(['upstreams'], {
      message: 'there is no upstream, so there is nothing to call',
      help: 'add one with a `name` and a `url` or `command`',
    })
  }
  if (draft.clients?.length === 0 && draft.issuers.length === 0) {
    warn(['authorizationServer'], {
      message: 'has no clients, so nobody can get a token',
      help: 'add one with an `id` and a `secret`',
    })
  }
}

/** Problems as they are found; at most one for each place and message. */
class Findings {
  readonly #shown: string
  readonly #document: Document
  readonly #found = new Map<string, Problem>()

  constructor(shown: string, document: Document) {
    this.#shown = shown
    this.#document = document
  }

  get size(): number {
    return this.#found.size
  }

  addSyntax(): void {
    for (const { position, path: place, message, help } of this.#document.faults) {
      this.#add({ file: this.#shown, ...position, path: formatPath(place), message, help })
    }
  }

  readonly report: Report = (place, { message, help }, at = 'value') => {
    const known = this.#document.faults.some(
      (fault) => fault.path.length > 0 && formatPath(fault.path) === formatPath(place),
    )
    if (known) return
    this.#add({ file: this.#shown, ...this.#document.position(place, at), path: formatPath(place), message, help })
  }

  #add(problem: Problem): void {
    if (this.#found.size < maxProblems)
      this.#found.set(JSON.stringify([problem.line, problem.column, problem.path, problem.message]), problem)
  }

  sorted(): readonly Problem[] {
    return [...this.#found.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  }
}
