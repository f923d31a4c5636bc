import { didYouMean } from '../config/closest.ts'
import { visible } from '../config/visible.ts'
import type { Store, StoredTool } from '../store/index.ts'
import { type Arguments, type Command, CommandFailed, exitCode, flag, type Io, UsageError } from './command.ts'
import { configOption, configOptionHelp, findUpstream, openConfig, openStore, tenant, withCatalogue } from './open.ts'
import { columns, instant, printJson } from './text.ts'

export const command: Command = {
  summary: 'list tool definitions, and accept those that wait for it',
  usage: [
    'pin list [UPSTREAM] [--config FILE] [--json]',
    'pin accept UPSTREAM TOOL [HASH-PREFIX] [--config FILE] [--json]',
  ],
  details: `A tool whose definition changed is blocked until it is accepted. Name the hash that you read about, so that no
other definition is accepted in its place. One that was superseded can be accepted again, by its hash. A running gateway
notices within seconds.`,
  options: { ...configOption },
  optionHelp: { ...configOptionHelp },
  run: pin,
}

async function pin(args: Arguments, io: Io): Promise<number> {
  const [action, ...names] = args.positionals
  if (action === 'list' && names.length <= 1)
    return await withStore(args, io, names[0], (store) => list(store, names[0], args, io))
  const [upstream, tool, prefix] = names
  if (action === 'accept' && upstream !== undefined && tool !== undefined && names.length <= 3) {
    if (prefix !== undefined && !/^[0-9a-f]{4,64}$/.test(prefix))
      throw new UsageError('the hash prefix is 4 to 64 hex digits, as `pin list` shows it')
    return await withStore(args, io, upstream, (store) => accept(store, { upstream, tool, prefix }, args, io))
  }
  const known = ['list', 'accept']
  const wrong =
    action === undefined || known.includes(action)
      ? 'use `pin list` or `pin accept UPSTREAM TOOL`'
      : didYouMean(action, known, 'use `pin list` or `pin accept`')
  throw new UsageError(`\`pin\` was not given what it needs, ${wrong} (\`sallyport pin --help\`)`)
}

async function withStore(
  args: Arguments,
  io: Io,
  upstream: string | undefined,
  use: (store: Store) => Promise<number>,
): Promise<number> {
  const config = await openConfig(args, io)
  if (upstream !== undefined) findUpstream(config, upstream)
  const store = await openStore(config)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function list(store: Store, upstream: string | undefined, args: Arguments, io: Io): Promise<number> {
  const tools = (await store.catalogue.load(tenant))
    .filter((tool) => upstream === undefined || tool.upstream === upstream)
    .sort((a, b) => compare(a.upstream, b.upstream) || compare(a.name, b.name) || a.seenAt - b.seenAt)
  if (flag(args, 'json')) {
    printJson(
      io,
      tools.map(({ definition: _, tenant: __, ...shown }) => shown),
    )
    return exitCode.ok
  }
  const rows = tools.map((tool) => [
    tool.state,
    tool.upstream,
    visible(tool.name),
    tool.hash.slice(0, 12),
    instant(tool.acceptedAt ?? tool.seenAt),
    visible(tool.pendingReason ?? ''),
  ])
  io.stdout.write(rows.length === 0 ? 'no tool was listed yet\n' : columns(rows))
  return exitCode.ok
}

interface Wanted {
  readonly upstream: string
  readonly tool: string
  readonly prefix: string | undefined
}

async function accept(store: Store, wanted: Wanted, args: Arguments, io: Io): Promise<number> {
  const { upstream, tool } = wanted
  const named = (await store.catalogue.load(tenant)).filter(
    (found) => found.upstream === upstream && found.name === tool,
  )
  const { hash } = choose(named, wanted)
  const why = await withCatalogue(store, io, (catalogue) => catalogue.accept(upstream, tool, hash))
  if (why !== undefined) {
    throw new CommandFailed(
      exitCode.problems,
      `${shownTool(wanted)} ${hash.slice(0, 12)} cannot be accepted: ${visible(why)}; see \`sallyport pin list ${upstream}\``,
    )
  }
  if (flag(args, 'json')) printJson(io, { accepted: { upstream, tool, hash } })
  else io.stdout.write(`accepted ${upstream}/${visible(tool)} ${hash}\na running gateway takes it up within seconds\n`)
  return exitCode.ok
}

/** @throws {CommandFailed} it is not clear which one is meant, or the one that is meant need not be accepted. */
function choose(named: readonly StoredTool[], wanted: Wanted): StoredTool {
  const { upstream, prefix } = wanted
  const shown = shownTool(wanted)
  const look = `see \`sallyport pin list ${upstream}\``
  const refuse = (message: string): never => {
    throw new CommandFailed(exitCode.problems, message)
  }
  if (named.length === 0) return refuse(`${shown} was never listed; ${look}`)
  const candidates = named.filter(({ hash, state }) =>
    prefix === undefined ? state === 'pending' : hash.startsWith(prefix),
  )
  const [only] = candidates
  if (candidates.length > 1) {
    return refuse(
      prefix === undefined
        ? `several definitions of ${shown} are pending (${hashesOf(candidates)}); name one by its hash`
        : `several definitions of ${shown} have a hash that starts so (${hashesOf(candidates)}); give more of it`,
    )
  }
  if (only === undefined) {
    return refuse(
      prefix === undefined
        ? `no definition of ${shown} is pending; ${look}, and name one that was superseded by its hash`
        : `no definition of ${shown} has this hash; ${look}`,
    )
  }
  return only.state === 'accepted' ? refuse(`this definition of ${shown} is accepted already`) : only
}

/** As long as it takes to tell them apart, and at least as `pin list` shows them. */
function hashesOf(tools: readonly StoredTool[]): string {
  const hashes = tools.map(({ hash }) => hash)
  let length = 12
  while (new Set(hashes.map((hash) => hash.slice(0, length))).size < hashes.length) length += 1
  return hashes.map((hash) => hash.slice(0, length)).join(', ')
}

function shownTool({ upstream, tool }: Wanted): string {
  return `\`${upstream}/${visible(tool)}\``
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
