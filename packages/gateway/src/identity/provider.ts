/** oidc-provider with everything off but what is asked of it here. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OidcClient, OidcContext, OidcToken } from 'oidc-provider'
import type { Secret } from '../secrets/secret.ts'
import { grantAccess, type Resources } from './access.ts'
import type { Adapter } from './adapter.ts'
import type { SigningKey } from './keys.ts'
import { clientAuthMethods, paths } from './metadata.ts'

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
  readonly fault: (error: unknown) => void
}

export type ProviderListener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Imports oidc-provider: heavy, so not before it is needed. */
export async function loadProvider(options: ProviderOptions): Promise<ProviderListener> {
  const { Provider, errors } = await importQuietly()
  const { resources, clients } = options

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
    extraTokenClaims: (_: OidcContext, token: OidcToken) => {
      if (token.aud === undefined || !resources.has(token.aud) || !token.scope)
        throw new Error('a token without audience or scope was about to be issued')
    },
    features: {
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_: OidcContext, client: OidcClient, token: OidcToken) => token.clientId === client.clientId,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_: OidcContext, client: OidcClient, token: OidcToken) => {
          if (token.clientId !== client.clientId)
            throw new errors.InvalidRequest('the token was not issued to this client')
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
  })
  provider.on('server_error', (_, error) => options.fault(error))
  // without a listener the framework prints stack traces
  provider.on('error', options.fault)
  return provider.callback()
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
