/** What needs more than one value of `upstreams`, or others beside them. Pure. */
import type { Draft, Item } from './draft.ts'
import { environmentOf } from './environment.ts'
import { parseAddress } from './network.ts'
import type { Fault, Report } from './problem.ts'
import type { UpstreamInput } from './schema-upstreams.ts'
import { isLoopback } from './urls.ts'

const httpOnly = ['insecureHttp'] as const
const stdioOnly = ['args', 'env', 'cwd', 'isolation', 'idleStopMs'] as const

export function checkUpstreams(draft: Draft, report: Report): void {
  const names = new Set<string>()
  for (const { name, path } of draft.names) {
    if (names.has(name))
      report(path, { message: 'is the name of another upstream', help: 'give each upstream a name of its own' })
    names.add(name)
  }
  for (const item of draft.upstreams) {
    const { path, given } = item
    if (given.has('url') === given.has('command')) {
      const both = given.has('url')
      report(path, {
        message: both ? 'has both `url` and `command`' : 'has neither `url` nor `command`',
        help: both ? 'keep one of them' : 'give the `url` of a server, or the `command` that starts one',
      })
    } else if (given.has('url')) checkHttp(item, draft, report)
    else checkStdio(item, report)
  }
}

function checkHttp(item: Item<UpstreamInput>, draft: Draft, report: Report): void {
  const { path, value } = item
  if (value.url !== undefined) checkUrl(item, new URL(value.url), draft, report)
  foreignKeys(item, stdioOnly, 'command', report)
  if (value.credentials?.type === 'env') {
    report([...path, 'credentials', 'type'], {
      message: 'is for programs (`command`)',
      help: 'use bearer, header, basic or client_credentials',
    })
  }
  if (value.credentials?.type === 'client_credentials') checkTokenService(item, value.credentials, draft, report)
}

function checkUrl({ path, value }: Item<UpstreamInput>, url: URL, draft: Draft, report: Report): void {
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && value.insecureHttp === false) {
    report([...path, 'url'], {
      message: 'is plain http beyond loopback',
      help: 'use https; or set `insecureHttp: true` if everybody on the way may read it',
    })
  }
  const taken = takenOrigin(url, draft)
  if (taken !== undefined) report([...path, 'url'], taken)
}

function checkTokenService(
  { path }: Item<UpstreamInput>,
  credentials: { readonly issuer: string; readonly resource?: string | undefined },
  draft: Draft,
  report: Report,
): void {
  const { url } = draft.settings
  if (url === undefined) return
  if (new URL(credentials.issuer).origin === url) {
    report([...path, 'credentials', 'issuer'], {
      message: 'is Sallyport itself, whose tokens open Sallyport',
      help: 'name the authorization server of the upstream',
    })
  }
  if (credentials.resource !== undefined && new URL(credentials.resource).origin === url) {
    report([...path, 'credentials', 'resource'], {
      message: 'is an endpoint of Sallyport',
      help: 'name the resource of the upstream, or leave it out for its `url`',
    })
  }
}

/** An inbound token may travel to its issuer; no upstream may stand there. And a call must not come back to us. */
function takenOrigin(url: URL, draft: Draft): Fault | undefined {
  if (draft.settings.url !== undefined && url.origin === draft.settings.url) {
    return { message: 'has the origin of Sallyport itself', help: 'name the server behind it' }
  }
  if (draft.issuers.some(({ value }) => value.issuer !== undefined && new URL(value.issuer).origin === url.origin)) {
    return {
      message: 'has the origin of an entry in `issuers`, where inbound tokens may be sent',
      help: 'give the upstream an origin of its own',
    }
  }
  const own = [draft.settings.listen, draft.settings.ops].map((address) => parseAddress(address ?? ''))
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443))
  if (isLoopback(url.hostname) && own.some((address) => address?.port === port)) {
    return {
      message: 'is where Sallyport itself listens',
      help: 'name the server behind it, or change `listen` or `ops`',
    }
  }
  return undefined
}

function checkStdio(item: Item<UpstreamInput>, report: Report): void {
  const { path, value } = item
  foreignKeys(item, httpOnly, 'url', report)
  const type = value.credentials?.type
  if (type !== undefined && type !== 'none' && type !== 'env') {
    report([...path, 'credentials', 'type'], {
      message: 'is for servers (`url`)',
      help: 'put the secret into `env`, as `${NAME}` or `file:PATH`',
    })
  }
  const { secrets, faults } = environmentOf(value.env ?? {})
  for (const { name, fault } of faults) report([...path, 'env', name], fault)
  if (type === 'none' && secrets.length > 0) {
    report([...path, 'credentials', 'type'], {
      message: 'is `none`, but `env` holds a reference',
      help: 'remove `credentials`, or the reference',
    })
  }
  if (type === 'env' && secrets.length === 0) {
    report([...path, 'credentials', 'type'], {
      message: 'is `env`, but `env` holds no reference',
      help: 'add `NAME: "${NAME}"` to `env`',
    })
  }
}

function foreignKeys(
  { path, given }: Item<UpstreamInput>,
  keys: readonly string[],
  needs: string,
  report: Report,
): void {
  for (const key of keys) {
    if (given.has(key))
      report([...path, key], { message: `has a meaning only with \`${needs}\``, help: 'remove it' }, 'key')
  }
}
