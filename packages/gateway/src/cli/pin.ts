import { didYouMean } from '../config/closest.ts'
import { visible } from '../config/visible.ts'
import type { Store, StoredTool } from '../store/index.ts'
import { type Arguments, type Command, CommandFailed, exitCode, flag, type Io, UsageError } from './command.ts'
import { configOption, configOptionHelp, findUpstream, openConfig, openStore } from './open.ts'
import { columns, instant, printJson } from './text.ts'

const tenant = 'default'

export const command: Command = {
  summary: 'list tool definitions, and accept those that wait for it',
  usage: [
    'pin list [UPSTREAM] [--config FILE] [--json]',
    'pin accept UPSTREAM TOOL [HASH-PREFIX] [--config FILE] [--json]',
  ],
  details: `A tool whose definition changed is blocked until it is accepted. Name the hash that you read about, so that no
other definition is accepted in its place. A running gateway notices within seconds.`,
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
    .filter((tool) => tool.state !== 'superseded' && (upstream === undefined || tool.upstream === upstream))
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
  const { upstream, tool, prefix = '' } = wanted
  const named = (await store.catalogue.load(tenant)).filter(
    (found) => found.upstream === upstream && found.name === tool,
  )
  const pending = named.filter((found) => found.state === 'pending' && found.hash.startsWith(prefix))
  const [only, ...others] = pending
  if (only === undefined) throw new CommandFailed(exitCode.problems, nothingPending(named, wanted))
  if (others.length > 0) {
    const hashes = pending.map((found) => found.hash.slice(0, 12)).join(', ')
    throw new CommandFailed(
      exitCode.problems,
      `several definitions of \`${visible(tool)}\` are pending (${hashes}); name one by its hash`,
    )
  }
  if (!(await store.catalogue.accept(tenant, upstream, tool, only.hash, io.clock.now()))) {
    throw new CommandFailed(
      exitCode.problems,
      'the definition was accepted or replaced meanwhile; look again with `sallyport pin list`',
    )
  }
  if (flag(args, 'json')) printJson(io, { accepted: { upstream, tool, hash: only.hash } })
  else
    io.stdout.write(
      `accepted ${upstream}/${visible(tool)} ${only.hash}\na running gateway takes it up within seconds\n`,
    )
  return exitCode.ok
}

function nothingPending(named: readonly StoredTool[], { upstream, tool, prefix }: Wanted): string {
  const shown = `\`${upstream}/${visible(tool)}\``
  if (named.length === 0) return `${shown} was never listed; see \`sallyport pin list ${upstream}\``
  if (prefix !== undefined && named.some(({ hash, state }) => state === 'accepted' && hash.startsWith(prefix)))
    return `this definition of ${shown} is accepted already`
  return `no definition of ${shown}${prefix === undefined ? '' : ' with this hash'} is pending; see \`sallyport pin list ${upstream}\``
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
