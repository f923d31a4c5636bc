import { audienceOf, type Config, type UpstreamConfig } from '../config/types.ts'
import type { CredentialDescription } from '../credentials/broker.ts'
import { createCredentials } from '../credentials/credentials.ts'
import { upstreamScopes } from '../scopes.ts'
import { type Arguments, type Command, exitCode, flag, type Io, UsageError } from './command.ts'
import { configOption, configOptionHelp, findUpstream, openConfig, openExistingStore, tenant } from './open.ts'
import { columns, counted, instant, printJson } from './text.ts'

export const command: Command = {
  summary: 'tell which credential an upstream is shown, for whom, from where and until when',
  usage: ['explain UPSTREAM [--config FILE] [--json]'],
  details: 'Never prints the value of a credential. Reads the configuration, and the store where there is one.',
  options: { ...configOption },
  optionHelp: { ...configOptionHelp },
  run: explain,
}

interface Explanation {
  readonly upstream: string
  readonly target: string
  readonly endpoint: string
  readonly audiences: readonly { readonly issuer: string; readonly audience: string }[]
  readonly scopes: readonly string[]
  readonly credential: {
    readonly type: CredentialDescription['type']
    readonly id: string
    readonly from: readonly string[]
    readonly issuer: string | undefined
    readonly audience: string | undefined
    readonly scopes: readonly string[]
    readonly until: string
    readonly for: string
    readonly ifLeaked: string
  }
  readonly isolation: string | undefined
  readonly tools: { readonly accepted: number; readonly pending: number } | undefined
}

async function explain(args: Arguments, io: Io): Promise<number> {
  const [name, ...more] = args.positionals
  if (name === undefined || more.length > 0) throw new UsageError('name one upstream (`sallyport explain --help`)')
  const config = await openConfig(args, io)
  const upstream = findUpstream(config, name)
  const explanation = explanationOf(config, upstream, describe(config, name, io), await countTools(config, name))
  if (flag(args, 'json')) printJson(io, explanation)
  else io.stdout.write(print(explanation))
  return exitCode.ok
}

/** By the brokers that would present it, so that what is explained is what is done. */
function describe(config: Config, name: string, io: Io): CredentialDescription {
  const credentials = createCredentials({
    upstreams: config.upstreams,
    fetch: () => Promise.reject(new Error('explaining a credential reaches no network')),
    clock: io.clock,
    versionKey: io.random(32),
  })
  return credentials.describe(name)
}

function explanationOf(
  config: Config,
  upstream: UpstreamConfig,
  description: CredentialDescription,
  tools: Explanation['tools'],
): Explanation {
  const endpoint = audienceOf(config, upstream.name)
  const { type, id, sources, issuer, audience, scopes } = description
  const here = config.authorizationServer === undefined ? [] : [{ issuer: config.url, audience: endpoint }]
  return {
    upstream: upstream.name,
    target: upstream.kind === 'http' ? upstream.url : upstream.command,
    endpoint,
    audiences: [
      ...here,
      ...config.issuers.map(({ issuer: from, endpoints }) => ({
        issuer: from,
        audience: endpoints[upstream.name]?.audience ?? endpoint,
      })),
    ],
    scopes: upstreamScopes(upstream.name),
    credential: {
      type,
      id,
      from: sources,
      issuer,
      audience,
      scopes,
      until: untilOf(description),
      for: type === 'none' ? 'nobody' : "every caller that policy allows; it is Sallyport's own, never the caller's",
      ifLeaked: ifLeaked(type, upstream.name),
    },
    isolation: upstream.kind === 'stdio' ? upstream.isolation : undefined,
    tools,
  }
}

function untilOf({ type, expiry }: CredentialDescription): string {
  if (expiry.known) return instant(expiry.at)
  if (type === 'client_credentials') return 'each token as long as its issuer says; fetched when a call needs it'
  return expiry.why
}

function ifLeaked(type: CredentialDescription['type'], name: string): string {
  switch (type) {
    case 'none':
      return 'there is nothing to leak'
    case 'client_credentials':
      return `opens \`${name}\` alone, until the token ends; the secret, until it is replaced at its issuer`
    default:
      return `opens whatever \`${name}\` lets it, until it is revoked there; Sallyport cannot revoke it`
  }
}

async function countTools(config: Config, name: string): Promise<Explanation['tools']> {
  const store = await openExistingStore(config)
  if (store === undefined) return undefined
  try {
    const tools = (await store.catalogue.load(tenant)).filter((tool) => tool.upstream === name)
    const count = (state: string): number => tools.filter((tool) => tool.state === state).length
    return { accepted: count('accepted'), pending: count('pending') }
  } finally {
    await store.close()
  }
}

function print({ upstream, target, endpoint, audiences, scopes, credential, isolation, tools }: Explanation): string {
  const optional = (label: string, value: string | undefined): string[][] =>
    value === undefined ? [] : [[label, value]]
  const rows = [
    ['upstream', target],
    ['endpoint', endpoint],
    ...audiences.map(({ issuer, audience }, index) => [
      index === 0 ? 'audience' : '',
      `${audience} in tokens of ${issuer}`,
    ]),
    ['scopes', scopes.join(' ')],
    [
      'credential',
      credential.type === 'none' ? 'none: nothing is presented' : `${credential.type} (${credential.id} in the log)`,
    ],
    ...optional('  from', credential.from.join(', ') || undefined),
    ...optional('  issuer', credential.issuer),
    ...optional('  audience', credential.audience),
    ...optional('  scopes', credential.scopes.join(' ') || undefined),
    ['  for', credential.for],
    ['  until', credential.until],
    ['  if leaked', credential.ifLeaked],
    ...optional(
      'isolation',
      isolation === 'principal' ? 'a process for each principal' : isolation && 'one process for all',
    ),
    [
      'tools',
      tools === undefined
        ? 'unknown until the first list'
        : `${tools.accepted} accepted, ${counted(tools.pending, 'definition')} pending`,
    ],
  ]
  return `${upstream}\n${columns(rows, '  ')}`
}
