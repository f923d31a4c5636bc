/** One client-credentials grant at the token endpoint of a configured issuer (RFC 6749 section 4.4). */
import { type fetchFor, GuardedFetchError } from '@sallyport/guard'
import * as oauth from 'oauth4webapi'

/** The guarded fetch for one issuer, in the shape that oauth4webapi calls. Bounds addresses, bytes and redirects. */
export type TokenFetch = ReturnType<typeof fetchFor>

export interface TokenRequest {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: readonly string[]
  /** RFC 8707. */
  readonly resource: string
}

export interface FetchedToken {
  readonly token: string
  /** As the server said; undefined where it did not (RFC 6749 section 5.1). */
  readonly lifetimeSeconds: number | undefined
}

/** The token endpoint gave no usable token. `message` is exact and holds no secret and nothing free-form of the server's. */
export class TokenUnavailable extends Error {
  override readonly name = 'TokenUnavailable'
}

const timeoutMs = 10_000

/**
 * Asks for a token: metadata by RFC 8414, or OpenID Connect Discovery where that is not found, then the grant, with
 * `client_secret_basic` or `client_secret_post` as the metadata allows.
 * Does not check the token itself: what is in it is between its issuer and the upstream.
 * @throws {TokenUnavailable}
 */
export async function requestToken(request: TokenRequest, fetch: TokenFetch): Promise<FetchedToken> {
  try {
    const options = {
      [oauth.customFetch]: fetch as never,
      // Whether plain HTTP is acceptable for this host is the guarded fetch's decision, for configured issuers on loopback only.
      [oauth.allowInsecureRequests]: request.issuer.startsWith('http://'),
      signal: () => AbortSignal.timeout(timeoutMs),
    }
    const server = await discover(request.issuer, options)
    const client: oauth.Client = { client_id: request.clientId }
    const parameters = new URLSearchParams({ resource: request.resource })
    if (request.scopes.length > 0) parameters.set('scope', request.scopes.join(' '))
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      clientAuthentication(server, request.clientSecret),
      parameters,
      options,
    )
    const answer = await oauth.processClientCredentialsResponse(server, client, response)
    if (answer.token_type !== 'bearer')
      throw new TokenUnavailable('the token endpoint answered with a token that is no Bearer token')
    return { token: answer.access_token, lifetimeSeconds: answer.expires_in }
  } catch (error) {
    throw error instanceof TokenUnavailable ? error : new TokenUnavailable(describe(error))
  }
}

async function discover(issuer: string, options: oauth.DiscoveryRequestOptions): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  let response = await oauth.discoveryRequest(url, { ...options, algorithm: 'oauth2' })
  if (response.status === 404) {
    await response.body?.cancel()
    response = await oauth.discoveryRequest(url, { ...options, algorithm: 'oidc' })
  }
  const server = await oauth.processDiscoveryResponse(url, response)
  // The library compares after URL normalisation; RFC 8414 section 3.3 asks for identity.
  if (server.issuer !== issuer) throw new TokenUnavailable('the metadata names another issuer than the configured one')
  return server
}

function clientAuthentication(server: oauth.AuthorizationServer, secret: string): oauth.ClientAuth {
  // RFC 8414 section 2: `client_secret_basic` where the metadata does not say.
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  if (methods.includes('client_secret_basic')) return oauth.ClientSecretBasic(secret)
  if (methods.includes('client_secret_post')) return oauth.ClientSecretPost(secret)
  throw new TokenUnavailable('the token endpoint takes neither client_secret_basic nor client_secret_post')
}

/** Messages and causes may quote a response, so only codes are taken, and only of a known shape. */
function describe(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) {
    return `the token endpoint refused with HTTP ${error.status} and \`${code(error.error)}\``
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return `the token endpoint refused with HTTP ${error.status}`
  // Names a host and its addresses, never headers or a body.
  if (error instanceof GuardedFetchError) return `no token from the issuer: ${error.message}`
  if (error instanceof Error) {
    const known = (error as { code?: unknown }).code
    return `no token from the issuer: ${code(typeof known === 'string' ? known : error.name)}`
  }
  return 'no token from the issuer'
}

function code(value: string): string {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(value) ? value : 'unreadable'
}
