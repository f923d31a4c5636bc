/** The embedded authorization server: client credentials, opaque tokens for one audience. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ClientConfig } from '../config/types.ts'
import type { OAuthStore, SealedStore } from '../store/port.ts'
import { resourcesOf } from './access.ts'
import { adapterFactory, tokenModel } from './adapter.ts'
import { createFront, handlesPath } from './front.ts'
import { loadSigningKey, publicKeySet, type RootKey } from './keys.ts'
import { createLookup, type TokenLookup } from './lookup.ts'
import { loadProvider, type ProviderListener } from './provider.ts'
import type { RecordOAuth } from './record.ts'

export interface AuthorizationServerOptions {
  /** The issuer: an origin without a path or trailing slash. */
  readonly url: string
  readonly clients: readonly ClientConfig[]
  /** Names of the upstreams; each has one resource, `{url}/mcp/{upstream}`. */
  readonly upstreams: readonly string[]
  readonly store: OAuthStore
  readonly sealed: SealedStore
  readonly rootKey: RootKey
  readonly tenant: string
  readonly clock: Clock
  /** One for each request. */
  readonly newRequestId: () => string
  readonly record: RecordOAuth
  /** A fault of ours, for the operator; holds no token and no secret. */
  readonly log: { error(fields: Readonly<Record<string, unknown>>, message: string): void }
}

export interface AuthorizationServer {
  readonly issuer: string
  /** True for every path under `/oauth/` and for the metadata, without query. */
  handles(path: string): boolean
  /** Answers every request whose path it handles; never throws. Does not check `Host`: ingress does. */
  listener(request: IncomingMessage, response: ServerResponse): void
  /** Resolves once a token can be issued; readiness may wait for it. The first request does, otherwise. */
  ready(): Promise<void>
  readonly lookup: TokenLookup
  /** Revokes the token with this SHA-256 (lower-case hex), whoever owns it. No error where there is none. */
  revoke(sha256: string): Promise<void>
}

/** RFC 6749 appendix A.1. */
const clientId = /^[\x20-\x7e]{1,256}$/
const sweepEveryMs = 60_000

/** @throws where the sealed keys cannot be opened, two clients have one id, or one has none that can be sent. */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { url, store, rootKey, tenant, clock, record, log } = options
  const nowSeconds = (): number => Math.floor(clock.now() / 1000)
  const resources = resourcesOf(url, options.upstreams)
  const clients = new Map(
    options.clients.map(({ id, secret, scopes }) => [
      id,
      { secret, scopes: scopes === undefined ? undefined : new Set(scopes) },
    ]),
  )
  if (clients.size !== options.clients.length) throw new Error('two clients have one id; give each its own')
  const odd = [...clients.keys()].find((id) => !clientId.test(id))
  if (odd !== undefined)
    throw new Error(`the client id ${JSON.stringify(odd)} is not 1 to 256 printable ASCII characters`)
  const signingKey = await loadSigningKey(options.sealed, rootKey, tenant)

  const fault = (error: unknown): void => {
    const { name, message } = error instanceof Error ? error : { name: 'unknown', message: '' }
    log.error({ error: name, detail: message.slice(0, 256) }, 'the authorization server failed')
  }

  let sweptAtMs = clock.monotonic()
  const sweepAtTimes = (): void => {
    if (clock.monotonic() - sweptAtMs < sweepEveryMs) return
    sweptAtMs = clock.monotonic()
    store.sweep(nowSeconds()).catch(fault)
  }

  let loading: Promise<ProviderListener> | undefined
  const provider = (): Promise<ProviderListener> => {
    loading ??= loadProvider({
      url,
      resources,
      clients,
      adapter: adapterFactory(store, nowSeconds, sweepAtTimes),
      signingKey,
      cookieKey: rootKey.derive(tenant, 'oauth/cookies', 32).toString('base64url'),
      record,
      fault,
    })
    return loading
  }

  return {
    issuer: url,
    handles: handlesPath,
    listener: createFront({
      url,
      keySet: publicKeySet(signingKey),
      provider,
      knows: (id) => clients.has(id),
      monotonic: () => clock.monotonic(),
      newRequestId: options.newRequestId,
      record,
      fault,
    }),
    ready: async () => void (await provider()),
    lookup: createLookup({
      issuer: url,
      store,
      resources,
      clients: new Map([...clients].map(([id, { scopes }]) => [id, scopes])),
      nowSeconds,
    }),
    revoke: (sha256) => store.destroy(tokenModel, sha256),
  }
}
