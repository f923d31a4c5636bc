/** oidc-provider with everything off but what is asked of it here. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OidcClient, OidcContext, OidcToken } from 'oidc-provider'
import type { Secret } from '../secrets/secret.ts'
import { grantAccess, type Resources } from './access.ts'
import { type Adapter, tokenKey } from './adapter.ts'
import type { SigningKey } from './keys.ts'
import { clientAuthMethods, paths } from './metadata.ts'
import type { Asking, RecordOAuth } from './record.ts'

const accessTokenSeconds = 600

export interface RegisteredClient {
  readonly secret: Secret
  readonly scopes: ReadonlySet<string> | undefined
}

export interface ProviderOptions {
  readonly url: string
  readonly resources: Resources
  readonly clients: ReadonlyMap<string, RegisteredClient>
  readonly adapter: (model: string) => Adapter
  readonly signingKey: SigningKey
  readonly cookieKey: string
  readonly record: RecordOAuth
  readonly fault: (error: unknown) => void
}

/** Resolves to what it refused the request for, in the words of its answer; undefined where it did not. */
export type ProviderListener = (
  request: IncomingMessage,
  response: ServerResponse,
  asking: Asking,
) => Promise<string | undefined>

interface UnderWay {
  readonly asking: Asking
  refused?: string
  revoked?: OidcToken
}

/** Imports oidc-provider: heavy, so not before it is needed. */
export async function loadProvider(options: ProviderOptions): Promise<ProviderListener> {
  const { Provider, errors } = await importQuietly()
  const { resources, clients } = options
  const underWay = new WeakMap<IncomingMessage, UnderWay>()

  const requestOf = (ctx: OidcContext): UnderWay => {
    const request = underWay.get(ctx.req)
    if (request === undefined) throw new Error('a request that did not come by the front')
    return request
  }
  const record = (kind: 'issued' | 'revoked', { asking }: UnderWay, token: OidcToken): Promise<void> =>
    options.record({
      ...asking,
      kind,
      client: token.clientId,
      sha256: tokenKey(token.jti),
      resource: token.aud ?? '',
      scope: token.scope ?? '',
    })

  const access = (ctx: OidcContext, resource: string, client: OidcClient) => {
    const { params } = ctx.oidc
    const access = grantAccess(resources, clients.get(client.clientId)?.scopes, resource, params.scope)
    if (!access.granted) {
      if (access.error === 'invalid_target')
        throw new errors.InvalidTarget('`resource` must be the URI of an MCP endpoint that is open to this client')
      throw new errors.InvalidScope('a requested scope is not allowed for this client and resource', access.scope)
    }
    // the grant reads the parameter after this hook, so this is where the default of an absent one goes
    params.scope = access.scopes.join(' ')
    return { audience: resource, scope: params.scope, accessTokenTTL: accessTokenSeconds, accessTokenFormat: 'opaque' }
  }

  const provider = new Provider(options.url, {
    adapter: options.adapter,
    clients: [...clients.keys()].map((id) => ({
      client_id: id,
      // never compared: `compareClientSecret` below has the real one, so that the library holds none
      client_secret: randomBytes(32).toString('base64url'),
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    })),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods,
    clientBasedCORS: () => false,
    clockTolerance: 0,
    cookies: { keys: [options.cookieKey] },
    jwks: { keys: [options.signingKey] },
    responseTypes: [],
    scopes: [],
    ttl: { ClientCredentials: accessTokenSeconds },
    routes: { token: paths.token, introspection: paths.introspect, revocation: paths.revoke },
    // INVARIANT: no token without exactly one of our endpoints as its audience, whatever way led here
    extraTokenClaims: async (ctx: OidcContext, token: OidcToken) => {
      if (token.aud === undefined || !resources.has(token.aud) || !token.scope)
        throw new Error('a token without audience or scope was about to be issued')
      // the last hook before the token is stored and answered
      await record('issued', requestOf(ctx), token).catch((error: unknown) => {
        options.fault(error)
        const unavailable = new errors.TemporarilyUnavailable('the token could not be recorded, so it was not issued')
        throw Object.assign(unavailable, { statusCode: 503 })
      })
    },
    features: {
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_: OidcContext, client: OidcClient, token: OidcToken) => token.clientId === client.clientId,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (ctx: OidcContext, client: OidcClient, token: OidcToken) => {
          if (token.clientId !== client.clientId)
            throw new errors.InvalidRequest('the token was not issued to this client')
          requestOf(ctx).revoked = token
          return true
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => {
          throw new errors.InvalidTarget('exactly one `resource` is required')
        },
        getResourceServerInfo: access,
      },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
  })

  provider.Client.prototype.compareClientSecret = function (presented) {
    return typeof presented === 'string' && clients.get(this.clientId)?.secret.equals(presented) === true
  }
  provider.use(async (ctx, next) => {
    await next()
    // the library lets any page read its answers; no page has business with a confidential client's
    for (const header of ['Access-Control-Allow-Origin', 'Access-Control-Expose-Headers']) ctx.remove(header)
    const request = requestOf(ctx)
    if (ctx.status !== 200) request.refused = wordsOf(ctx.body)
    // a log that cannot be written keeps no token alive
    else if (request.revoked !== undefined) await record('revoked', request, request.revoked).catch(options.fault)
  })
  provider.on('server_error', (_, error) => options.fault(error))
  // without a listener the framework prints stack traces
  provider.on('error', options.fault)
  const listener = provider.callback()
  return async (request, response, asking) => {
    const own: UnderWay = { asking }
    underWay.set(request, own)
    await listener(request, response)
    return own.refused
  }
}

/** Of an answer in the form of RFC 6749 section 5.2, whose `scope` is the client's own and is left out. */
function wordsOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('error' in body)) return 'no answer in the form of OAuth'
  return 'error_description' in body ? `${body.error}: ${body.error_description}` : String(body.error)
}

let imported: Promise<typeof import('oidc-provider')> | undefined

/**
 * The library warns of an unsupported runtime wherever `process.release.lts` is unset, as it is in every Node that is
 * not yet or no longer an LTS release, the pinned one included, on which its behaviour is tested here.
 */
function importQuietly(): Promise<typeof import('oidc-provider')> {
  imported ??= (async () => {
    const warn = console.warn
    console.warn = (...args: unknown[]) => {
      if (!String(args[0]).includes('Unsupported runtime')) warn.apply(console, args)
    }
    try {
      return await import('oidc-provider')
    } finally {
      console.warn = warn
    }
  })()
  return imported
}
