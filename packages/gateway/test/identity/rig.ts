/** A real authorization server behind a real HTTP server, and a real OAuth client in front of it. */
import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import * as oauth from 'oauth4webapi'
import type { Clock } from '../../src/clock.ts'
import type { ClientConfig } from '../../src/config/types.ts'
import { type AuthorizationServer, createAuthorizationServer, type OAuthEvent } from '../../src/identity/index.ts'
import { RootKey } from '../../src/secrets/seal.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { openSqliteStore } from '../../src/store/index.ts'
import type { OAuthStore, SealedStore } from '../../src/store/port.ts'

export const secrets = { agent: randomBytes(24).toString('base64url'), narrow: randomBytes(24).toString('base64url') }

const clients: readonly ClientConfig[] = [
  { id: 'ci-agent', secret: new Secret(secrets.agent, 'a test'), grants: ['client_credentials'], scopes: undefined },
  {
    id: 'narrow agent:1',
    secret: new Secret(secrets.narrow, 'a test'),
    grants: ['client_credentials'],
    scopes: ['mcp:list', 'files:read', 'files:write'],
  },
]

export interface Rig {
  /** The issuer. */
  readonly url: string
  /** Where it listens. */
  readonly origin: string
  readonly server: AuthorizationServer
  readonly store: Stores
  readonly faults: unknown[]
  /** What it recorded. */
  readonly events: OAuthEvent[]
  readonly clock: { aheadMs: number }
  readonly as: oauth.AuthorizationServer
  token(parameters?: Record<string, string>, client?: string, secret?: string): Promise<Response>
  close(): Promise<void>
}

export interface Stores {
  readonly oauth: OAuthStore
  readonly sealed: SealedStore
}

export interface RigOptions {
  readonly stores?: Stores
  readonly rootKey?: RootKey
  /** The issuer, where it is not the address of the server. */
  readonly url?: string
  readonly clients?: readonly ClientConfig[]
  /** Before an event counts as recorded; a rejection is a log that is unavailable. */
  readonly recording?: (event: OAuthEvent) => Promise<void>
}

/** @throws what `createAuthorizationServer` throws; nothing is left running then. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const stack = new AsyncDisposableStack()
  try {
    return await assembleRig(options, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function assembleRig(options: RigOptions, stack: AsyncDisposableStack): Promise<Rig> {
  let server: AuthorizationServer | undefined
  let store = options.stores
  if (store === undefined) {
    const own = await openFolder()
    stack.defer(() => own.remove())
    store = own.stores
  }
  const http = createServer((req, res) => {
    if (server?.handles(new URL(req.url ?? '', 'http://x').pathname)) server.listener(req, res)
    else res.writeHead(599).end()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  stack.defer(async () => {
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  })
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const url = options.url ?? origin
  const faults: unknown[] = []
  const events: OAuthEvent[] = []
  const ahead = { aheadMs: 0 }
  const clock: Clock = { now: () => Date.now() + ahead.aheadMs, monotonic: () => performance.now() + ahead.aheadMs }
  server = await createAuthorizationServer({
    url,
    clients: options.clients ?? clients,
    upstreams: ['files', 'vendor'],
    store: store.oauth,
    sealed: store.sealed,
    rootKey: options.rootKey ?? rootKeyOf('the root key of the tests'),
    tenant: 'default',
    clock,
    newRequestId: () => randomBytes(16).toString('hex'),
    async record(event) {
      await options.recording?.(event)
      events.push(event)
    },
    log: { error: (fields) => faults.push(fields) },
  })
  const insecure = { [oauth.allowInsecureRequests]: true } as const
  const discovered = await oauth.discoveryRequest(new URL(origin), { ...insecure, algorithm: 'oauth2' })
  const published = await oauth.processDiscoveryResponse(new URL(url), discovered)
  // the endpoints as this client reaches them, where the issuer is the address of a proxy in front
  const as: oauth.AuthorizationServer = JSON.parse(JSON.stringify(published).replaceAll(`${url}/`, `${origin}/`))
  return {
    url,
    origin,
    server,
    store,
    faults,
    events,
    clock: ahead,
    as,
    token: (parameters = { resource: `${url}/mcp/files` }, client = 'ci-agent', secret = secrets.agent) =>
      oauth.clientCredentialsGrantRequest(
        as,
        { client_id: client },
        oauth.ClientSecretBasic(secret),
        parameters,
        insecure,
      ),
    close: () => stack.disposeAsync(),
  }
}

export interface Folder {
  readonly stores: Stores
  /** Every byte of the database's files. */
  bytes(): Promise<Buffer>
  remove(): Promise<void>
}

/** The real store, in a folder of its own. */
export async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-identity-'))
  const stores = await openSqliteStore(path.join(folder, 'store.db'))
  return {
    stores,
    bytes: async () =>
      Buffer.concat(await Promise.all((await readdir(folder)).map((name) => readFile(path.join(folder, name))))),
    async remove() {
      await stores.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Issues a token and takes the answer apart as the real client does. */
export async function issue(rig: Rig, parameters?: Record<string, string>, client?: string, secret?: string) {
  const response = await rig.token(parameters, client, secret)
  return oauth.processClientCredentialsResponse(rig.as, { client_id: client ?? 'ci-agent' }, response)
}

export function sha256(value: string): string {
  return hash('sha256', value, 'hex')
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

export interface Sent {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A raw request: `node:http` itself, so that headers and bodies are as given. */
export async function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string | Buffer } = {},
): Promise<Sent> {
  const sent = request(url, { method: options.method ?? 'POST', headers: options.headers ?? {}, agent: false })
  sent.on('error', () => {})
  sent.end(options.body)
  const [response] = await once(sent, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }
}

export function form(fields: Record<string, string>, id = 'ci-agent', secret = secrets.agent) {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(id, secret) },
    body: new URLSearchParams(fields).toString(),
  }
}

export function rootKeyOf(passphrase: string): RootKey {
  return new RootKey(hash('sha256', passphrase, 'buffer'), randomBytes)
}
