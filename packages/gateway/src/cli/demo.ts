import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Entry } from '../audit/entry.ts'
import { openAuditReader } from '../audit/index.ts'
import { loadConfig } from '../config/index.ts'
import { audienceOf, auditFileOf, type Config } from '../config/types.ts'
import { makeClient } from '../demo/clients.ts'
import { openSetting } from '../demo/setting.ts'
import { runStory, type Story } from '../demo/story.ts'
import { renderStory } from '../demo/table.ts'
import { upstreamScopes } from '../scopes.ts'
import { type Command, exitCode, flag, type Io } from './command.ts'
import { rejectPositionals } from './positionals.ts'
import { requestToken } from './token-grant.ts'

const entriesAtMost = 100_000

export const command: Command = {
  summary: 'tell the story of the compromised vendor',
  usage: ['demo [--json]'],
  details: `Starts a gateway in front of a hostile vendor, a hostile stdio server and an honest one, on loopback and in a temporary
folder; real clients with tokens of a real OAuth flow call through it while the vendor tries what it can. Ends with a table
of what was tried and what happened; with --json the last line is the measured figures. Takes about half a minute.`,
  options: {},
  optionHelp: {},
  async run(args, io) {
    rejectPositionals(args, 'demo')
    const story = await tell(io)
    io.stdout.write(`\n${renderStory(story)}`)
    if (flag(args, 'json')) io.stdout.write(`${JSON.stringify(story.figures)}\n`)
    return story.acts.every(({ held }) => held) ? exitCode.ok : exitCode.problems
  },
}

async function tell(io: Io): Promise<Story> {
  io.stdout.write('Starting a gateway, two hostile servers and an honest one …\n')
  const setting = await openSetting(fileURLToPath(new URL('./main.ts', import.meta.url)))
  try {
    const loaded = await loadConfig({ file: setting.configFile, env: {}, cwd: io.cwd })
    if (!('config' in loaded)) throw new Error('the configuration of the demo has problems')
    const { config } = loaded
    return await runStory({
      gatewayUrl: setting.url,
      ...setting.upstreams,
      getToken: (upstream) => token(config, upstream, setting.clientId),
      makeClient,
      auditEntries: () => entries(config),
      sleep,
      onAct: ({ tried, held }) => io.stdout.write(`${held ? '  held    ' : '  BROKEN  '}${tried}\n`),
    })
  } finally {
    await setting.stop()
  }
}

async function token(config: Config, upstream: string, clientId: string): Promise<string> {
  const client = config.authorizationServer?.clients.find(({ id }) => id === clientId)
  if (client === undefined) throw new Error(`the demo has no client \`${clientId}\``)
  const scope = upstreamScopes(upstream).join(' ')
  return (await requestToken({ url: config.url, client, resource: audienceOf(config, upstream), scope })).token
}

function entries(config: Config): readonly Entry[] {
  const reader = openAuditReader(auditFileOf(config))
  try {
    return reader.after(0, entriesAtMost).map(({ entry }) => entry)
  } finally {
    reader.close()
  }
}
