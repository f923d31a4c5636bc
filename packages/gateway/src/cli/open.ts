/** What several commands open first: the configuration, one of its upstreams, the store. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { StoredCatalogue } from '../catalogue/index.ts'
import { didYouMean } from '../config/closest.ts'
import { formatProblem, loadConfig, type Problem } from '../config/index.ts'
import { shownFile } from '../config/source.ts'
import type { Config, UpstreamConfig } from '../config/types.ts'
import { visible } from '../config/visible.ts'
import type { PolicySource } from '../policy/index.ts'
import type { Store } from '../store/index.ts'
import { type Arguments, CommandFailed, exitCode, type Io, textOption } from './command.ts'

export const configOption = { config: { type: 'string' } } as const
export const configOptionHelp = {
  config: 'configuration file (default: $SALLYPORT_CONFIG, then ./sallyport.yaml)',
} as const

/** The one that the gateway serves. */
export const tenant = 'default'

/**
 * @param warn is told of each warning; on standard error where it is left out.
 * @throws {CommandFailed} it has problems, which are printed.
 */
export async function openConfig(
  args: Arguments,
  io: Io,
  warn = (warning: string): void => printWarning(io, warning),
): Promise<Config> {
  const loaded = await loadConfig({ file: textOption(args, 'config'), env: io.env, cwd: io.cwd })
  if (!('config' in loaded)) for (const problem of loaded.problems) io.stderr.write(`${formatProblem(problem)}\n`)
  for (const warning of loaded.warnings) warn(formatProblem(warning))
  if ('config' in loaded) return loaded.config
  throw new CommandFailed(exitCode.problems, 'the configuration has problems; correct them and try again')
}

export function printWarning(io: Io, warning: string): void {
  io.stderr.write(`warning: ${warning}\n`)
}

/** What the folder of policies holds, and everything that is wrong there; files as a person in `cwd` would name them. */
export async function readPolicies(
  folder: string,
  cwd: string,
): Promise<{ readonly policies: readonly PolicySource[]; readonly problems: readonly Problem[] }> {
  const { loadPolicies } = await import('../policy/index.ts')
  const { policies, problems } = await loadPolicies(folder)
  const shown = (file: string): string => shownFile(path.resolve(folder, file), cwd)
  return {
    policies: policies.map((policy) => ({ ...policy, file: shown(policy.file) })),
    problems: problems.map(({ file, line, column, message, help = 'see the Cedar language reference' }) => {
      return { file: shown(file), line, column, path: '', message, help }
    }),
  }
}

/** @throws {CommandFailed} any of them has a problem; the message tells them all. */
export async function openPolicies(config: Config): Promise<readonly PolicySource[]> {
  const { policies, problems } = await readPolicies(config.policies, path.dirname(config.file))
  if (problems.length === 0) return policies
  const all = problems.map((problem) => `\n${formatProblem(problem)}`).join('')
  throw new CommandFailed(exitCode.problems, `the policies have problems; correct them and try again${all}`)
}

/** @throws {CommandFailed} there is none of this name. */
export function findUpstream(config: Config, name: string): UpstreamConfig {
  const upstream = config.upstreams.find((candidate) => candidate.name === name)
  if (upstream !== undefined) return upstream
  const known = config.upstreams.map((candidate) => candidate.name)
  const help = known.length === 0 ? 'the configuration has none' : `use one of ${known.join(', ')}`
  throw new CommandFailed(
    exitCode.problems,
    `there is no upstream \`${visible(name, 64)}\`, ${didYouMean(name, known, help)}`,
  )
}

/**
 * The store, or undefined where there is none yet; never makes one. The caller closes it.
 * @throws {CommandFailed} it is there and cannot be opened.
 */
export async function openExistingStore(config: Config): Promise<Store | undefined> {
  if (!(await exists(config.store.path))) return undefined
  const { openSqliteStore } = await import('../store/index.ts')
  try {
    return await openSqliteStore(config.store.path)
  } catch (error) {
    const why = error instanceof Error ? visible(error.message) : 'unknown error'
    throw new CommandFailed(
      exitCode.unavailable,
      `the store ${config.store.path} cannot be opened (${why}); see that you may read and write it`,
    )
  }
}

/** @throws {CommandFailed} there is none yet, or it cannot be opened. */
export async function openStore(config: Config): Promise<Store> {
  const store = await openExistingStore(config)
  if (store !== undefined) return store
  throw new CommandFailed(
    exitCode.unavailable,
    `there is no store at ${config.store.path} yet; start \`sallyport serve\` and let a client list the tools`,
  )
}

/**
 * The catalogue over a store, with the compiler of schemas that it needs; both end with `use`.
 * @throws what `use` throws.
 */
export async function withCatalogue<T>(
  store: Store,
  io: Io,
  use: (catalogue: StoredCatalogue) => T | Promise<T>,
): Promise<T> {
  const { createCatalogue, createSchemaCompiler } = await import('../catalogue/index.ts')
  const compiler = createSchemaCompiler()
  try {
    return await use(await createCatalogue({ store: store.catalogue, tenant, now: io.clock.now, compiler }))
  } finally {
    await compiler.stop()
  }
}

export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
