/** One client-credentials grant at the embedded authorization server of a running Sallyport (RFC 6749 section 4.4). */
import * as oauth from 'oauth4webapi'
import type { ClientConfig } from '../config/types.ts'
import { CommandFailed, exitCode } from './command.ts'

const timeoutMs = 10_000
const maxTokenLength = 8192

export interface Grant {
  readonly token: string
  /** Undefined where the server did not say. */
  readonly lifetimeSeconds: number | undefined
  readonly scope: string | undefined
}

export interface Asked {
  /** `url` of the configuration: the issuer. */
  readonly url: string
  readonly client: ClientConfig
  /** The canonical URI of the endpoint (RFC 8707). */
  readonly resource: string
  readonly scope: string
}

/**
 * Finds the token endpoint by metadata (RFC 8414) and asks for a token. The secret goes to the origin of `url` alone.
 * @throws {CommandFailed} it cannot be reached, or refuses. What it answered is never quoted: it may hold our secret.
 */
export async function requestToken({ url, client, resource, scope }: Asked): Promise<Grant> {
  const issuer = new URL(url)
  // The configuration allows http on loopback alone.
  const options = {
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    signal: () => AbortSignal.timeout(timeoutMs),
  }
  try {
    const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
    const server = await oauth.processDiscoveryResponse(issuer, found)
    if (server.token_endpoint === undefined || new URL(server.token_endpoint).origin !== issuer.origin) {
      throw new CommandFailed(
        exitCode.unavailable,
        `what answers at ${url} names a token endpoint elsewhere; is it Sallyport?`,
      )
    }
    const ours = { client_id: client.id }
    const auth = oauth.ClientSecretBasic(client.secret.reveal())
    const answer = await oauth.clientCredentialsGrantRequest(server, ours, auth, { resource, scope }, options)
    const granted = await oauth.processClientCredentialsResponse(server, ours, answer)
    const token = granted.access_token
    if (granted.token_type !== 'bearer' || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
      throw new CommandFailed(exitCode.unavailable, `what answers at ${url} gave no bearer token; is it Sallyport?`)
    }
    return { token, lifetimeSeconds: granted.expires_in, scope: granted.scope }
  } catch (error) {
    throw error instanceof CommandFailed ? error : failure(error, url, client)
  }
}

const remedies: Readonly<Record<string, string>> = {
  invalid_client: 'restart or reload the server if the configuration changed, and see that both read the same secret',
  unauthorized_client: 'allow the client the grant `client_credentials`',
  invalid_scope: 'ask for scopes that the client has, with `--scope`',
  invalid_target: 'restart or reload the server if the upstream is new',
  invalid_request: 'see the log of the server',
}

function failure(error: unknown, url: string, client: ClientConfig): CommandFailed {
  const code =
    error instanceof oauth.ResponseBodyError
      ? error.error
      : error instanceof oauth.WWWAuthenticateChallengeError
        ? 'invalid_client'
        : undefined
  if (code !== undefined) {
    const remedy = Object.hasOwn(remedies, code) ? remedies[code] : undefined
    const shown = remedy === undefined ? 'an unknown error' : `\`${code}\``
    return new CommandFailed(
      exitCode.problems,
      `${url} refused a token to the client \`${client.id}\` (${shown}); ${remedy ?? 'see the log of the server'}`,
    )
  }
  if (error instanceof oauth.OperationProcessingError) {
    return new CommandFailed(
      exitCode.unavailable,
      `what answers at ${url} does not answer as Sallyport does; see that \`url\` is right and the server runs`,
    )
  }
  return new CommandFailed(
    exitCode.unavailable,
    `${url} cannot be reached; start it with \`sallyport serve\`, or correct \`url\``,
  )
}
