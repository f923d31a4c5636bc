import path from 'node:path'
import { didYouMean } from '../config/closest.ts'
import { audienceOf, type ClientConfig, type Config } from '../config/types.ts'
import { visible } from '../config/visible.ts'
import { listScope } from '../scopes.ts'
import {
  type Arguments,
  type Command,
  CommandFailed,
  exitCode,
  flag,
  type Io,
  textOption,
  UsageError,
} from './command.ts'
import { inspectorFile, readExisting } from './inspector-file.ts'
import { configOption, configOptionHelp, findUpstream, openConfig } from './open.ts'
import { rejectPositionals } from './positionals.ts'
import { writePrivateFile } from './private-file.ts'
import { columns, instant, printJson } from './text.ts'
import { requestToken } from './token-grant.ts'

export const command: Command = {
  summary: 'get an access token for one upstream, into a file',
  usage: [
    'token --upstream NAME [--client ID] [--scope SCOPES] [--out FILE] [--inspector FILE] [--config FILE] [--json]',
  ],
  details: `Asks a running Sallyport by client credentials, with the secret that the configuration refers to. The token goes into a
file of mode 0600 and is never printed.`,
  options: {
    upstream: { type: 'string' },
    client: { type: 'string' },
    scope: { type: 'string' },
    out: { type: 'string' },
    inspector: { type: 'string' },
    ...configOption,
  },
  optionHelp: {
    upstream: 'the upstream whose endpoint the token opens',
    client: 'the client of the embedded authorization server (default: the only one)',
    scope: 'scopes, parted by spaces (default: all of the upstream but admin)',
    out: 'where the token goes (default ./.sallyport/NAME.token)',
    inspector: 'also add it to a configuration for `mcp-inspector --cli --config FILE`, which holds the token (0600)',
    ...configOptionHelp,
  },
  run: token,
}

async function token(args: Arguments, io: Io): Promise<number> {
  rejectPositionals(args, 'token')
  const name = textOption(args, 'upstream')
  if (name === undefined) throw new UsageError('`token` needs `--upstream NAME` (`sallyport token --help`)')
  const config = await openConfig(args, io)
  findUpstream(config, name)
  const client = clientOf(config, textOption(args, 'client'))
  const endpoint = audienceOf(config, name)
  const scope = textOption(args, 'scope') ?? usualScopes(client, name).join(' ')

  const granted = await requestToken({ url: config.url, client, resource: endpoint, scope })
  const until =
    granted.lifetimeSeconds === undefined ? undefined : instant(io.clock.now() + granted.lifetimeSeconds * 1000)
  const file = path.resolve(io.cwd, textOption(args, 'out') ?? path.join('.sallyport', `${name}.token`))
  await writePrivateFile(file, `${granted.token}\n`, io.random)
  const inspectorOption = textOption(args, 'inspector')
  const inspector = inspectorOption === undefined ? undefined : path.resolve(io.cwd, inspectorOption)
  if (inspector !== undefined) {
    const content = inspectorFile(await readExisting(inspector), name, endpoint, granted.token)
    await writePrivateFile(inspector, content, io.random)
  }

  if (flag(args, 'json'))
    printJson(io, { endpoint, client: client.id, scope: granted.scope ?? scope, until, file, inspector })
  else {
    const rows = [
      ['endpoint', endpoint],
      ['client', client.id],
      ['scopes', visible(granted.scope ?? scope)],
      ['until', until ?? 'the server does not say'],
      ['file', `${file} (0600)`],
      ...(inspector === undefined ? [] : [['inspector', `${inspector} (0600)`]]),
    ]
    io.stdout.write(columns(rows))
  }
  return exitCode.ok
}

function clientOf(config: Config, wanted: string | undefined): ClientConfig {
  const clients = config.authorizationServer?.clients ?? []
  const ids = clients.map(({ id }) => id)
  if (clients.length === 0) {
    throw new CommandFailed(
      exitCode.problems,
      'no client is configured in `authorizationServer`; add one, or ask your issuer for a token',
    )
  }
  if (wanted === undefined) {
    const [only, ...others] = clients
    if (only !== undefined && others.length === 0) return only
    throw new UsageError(`there are several clients; name one with \`--client\`: ${ids.join(', ')}`)
  }
  const client = clients.find(({ id }) => id === wanted)
  if (client !== undefined) return client
  throw new CommandFailed(
    exitCode.problems,
    `there is no client \`${visible(wanted, 64)}\`, ${didYouMean(wanted, ids, `use one of ${ids.join(', ')}`)}`,
  )
}

function usualScopes(client: ClientConfig, upstream: string): readonly string[] {
  const usual = [`${upstream}:read`, `${upstream}:write`, listScope]
  const { scopes } = client
  const held = scopes === undefined ? usual : usual.filter((scope) => scopes.includes(scope))
  if (held.length > 0) return held
  throw new CommandFailed(
    exitCode.problems,
    `the client \`${client.id}\` has no scope for \`${upstream}\`; add \`${upstream}:read\` to its \`scopes\``,
  )
}
