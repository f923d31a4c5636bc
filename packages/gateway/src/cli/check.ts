import { type Broken, formatProblem, type Loaded, loadConfig } from '../config/index.ts'
import { audienceOf, type Config, type UpstreamConfig } from '../config/types.ts'
import { visible } from '../config/visible.ts'
import type { PolicySource } from '../policy/index.ts'
import { type Arguments, type Command, exitCode, flag, type Io, textOption } from './command.ts'
import {
  configOption,
  configOptionHelp,
  openExistingStore,
  printWarning,
  readPolicies,
  tenant,
  withCatalogue,
} from './open.ts'
import { rejectPositionals } from './positionals.ts'
import { columns, counted, printJson } from './text.ts'

const maxWarningLength = 2000

export const command: Command = {
  summary: 'check the configuration and the policies; nothing starts',
  usage: ['check [--config FILE] [--json]'],
  details: `Tells every mistake at once, as \`file:line:column path: what is wrong, what to do\`. Where there is a store, the policies
are also checked against the tools in it: what is warned of there stays inactive, or denies. Reaches no network.`,
  options: { ...configOption },
  optionHelp: { ...configOptionHelp },
  run: check,
}

async function check(args: Arguments, io: Io): Promise<number> {
  rejectPositionals(args, 'check')
  const loaded = await loadConfig({ file: textOption(args, 'config'), env: io.env, cwd: io.cwd })
  const folder = 'config' in loaded ? loaded.config.policies : loaded.policies
  const policies = folder === undefined ? undefined : await readPolicies(folder, io.cwd)
  const problems = [...('config' in loaded ? [] : loaded.problems), ...(policies?.problems ?? [])]
  const { warnings } = loaded
  const policyWarnings =
    problems.length === 0 && 'config' in loaded ? await warningsOf(policies?.policies ?? [], loaded.config, io) : []
  if (flag(args, 'json')) {
    printJson(io, { ok: problems.length === 0, problems, warnings, policyWarnings, ...summaryJson(loaded) })
  } else {
    for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
    for (const warning of [...warnings.map(formatProblem), ...policyWarnings]) printWarning(io, warning)
    if (problems.length === 0 && 'config' in loaded)
      io.stdout.write(summary(loaded.config, policies?.policies.length ?? 0, warnings.length + policyWarnings.length))
    else io.stderr.write(`sallyport: ${counted(problems.length, 'problem')}\n`)
  }
  return problems.length === 0 ? exitCode.ok : exitCode.problems
}

/** What a gateway over this store would warn of; nothing where there is no store yet, as no tool was ever listed. */
async function warningsOf(policies: readonly PolicySource[], config: Config, io: Io): Promise<readonly string[]> {
  const store = await openExistingStore(config)
  if (store === undefined) return []
  try {
    const { createPolicyEngine } = await import('../policy/index.ts')
    const warnings = await withCatalogue(store, io, (catalogue) =>
      createPolicyEngine({ policies, catalogue, config, tenant }).warnings(),
    )
    return warnings.map((warning) => visible(warning, maxWarningLength))
  } finally {
    await store.close()
  }
}

function summaryJson(loaded: Loaded | Broken): object {
  if (!('config' in loaded)) return {}
  const { url, upstreams } = loaded.config
  return {
    url,
    upstreams: upstreams.map((upstream) => ({
      name: upstream.name,
      target: targetOf(upstream),
      audience: audienceOf(loaded.config, upstream.name),
      credential: upstream.credentials.type,
    })),
  }
}

function summary(config: Config, policyCount: number, warningCount: number): string {
  const issued = config.authorizationServer
  const tokens = [
    ...(issued === undefined
      ? []
      : [`issued here to ${issued.clients.map(({ id }) => id).join(', ') || 'nobody yet'}`]),
    ...config.issuers.map(({ issuer, profile }) => `of ${issuer} (${profile})`),
  ]
  const settings = [
    ['url', config.url],
    ['listen', `${hostPort(config.listen)}, ops ${hostPort(config.ops)}`],
    ...tokens.map((from, index) => [index === 0 ? 'tokens' : '', from]),
    ['policies', `${counted(policyCount, 'policy').replace('policys', 'policies')} in ${config.policies}`],
    ['store', config.store.path],
  ]
  const rows = config.upstreams.map((upstream) => [
    upstream.name,
    targetOf(upstream),
    `credential ${upstream.credentials.type}`,
    `audience ${audienceOf(config, upstream.name)}`,
  ])
  const warned = warningCount === 0 ? '' : `, ${counted(warningCount, 'warning')}`
  return `no problems${warned}\n\n${columns(settings)}\n${counted(rows.length, 'upstream')}\n${columns(rows, '  ')}`
}

/** Arguments are left out: they may tell what an operator would not print. */
function targetOf(upstream: UpstreamConfig): string {
  return upstream.kind === 'http' ? upstream.url : upstream.command
}

function hostPort({ host, port }: Config['listen']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
