import type { GuardedFetch, GuardedRequest } from '../guarded-fetch.ts'
import { GuardedFetchError } from '../guarded-fetch-error.ts'
import { shown } from '../token-refusal.ts'
import { type JsonObject, member, parseJsonObject } from './strict-json.ts'

/**
 * An issuer's documents cannot be had, or are not acceptable: no verdict is possible, which is not the client's fault.
 */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable'
}

/** What of an authorization server's metadata concerns verification (RFC 8414 section 2, RFC 7662). */
export interface IssuerMetadata {
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
}

const MAX_DOCUMENT_DEPTH = 16
const MAX_METADATA_BYTES = 256 * 1024

/**
 * Finds an issuer's metadata: RFC 8414 section 3.1, where the well-known string stands before the path, then OpenID
 * Connect Discovery 1.0 section 4, where it follows it. A document counts only if its `issuer` is ours, character by
 * character (RFC 8414 section 3.3). URLs in it are not checked here: the guarded fetch does, when they are used.
 * @throws {IssuerUnavailable} neither document could be had.
 */
export async function discover(issuer: string, fetch: GuardedFetch): Promise<IssuerMetadata> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const problems: string[] = []
  for (const url of [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]) {
    try {
      const document = await fetchObject(fetch, url, { origin: { namedBy: issuer }, maxBytes: MAX_METADATA_BYTES })
      const named = member(document.object, 'issuer')
      if (named !== issuer) throw new IssuerUnavailable(`${url} names the issuer ${shown(named)}`)
      return {
        jwksUri: stringOf(document.object, 'jwks_uri'),
        introspectionEndpoint: stringOf(document.object, 'introspection_endpoint'),
      }
    } catch (error) {
      if (!(error instanceof IssuerUnavailable)) throw error
      problems.push(error.message)
    }
  }
  throw new IssuerUnavailable(`no metadata of the issuer ${shown(issuer)}: ${problems.join('; ')}`)
}

/**
 * A JSON object by HTTP: status 200, and strict as `parseJsonObject`.
 * @throws {IssuerUnavailable}
 */
export async function fetchObject(
  fetch: GuardedFetch,
  url: string,
  init: GuardedRequest,
): Promise<{ readonly object: JsonObject; readonly headers: Headers }> {
  let response: Response
  try {
    response = await fetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } })
  } catch (cause) {
    if (!(cause instanceof GuardedFetchError)) throw cause
    throw new IssuerUnavailable(cause.message, { cause })
  }
  if (response.status !== 200) throw new IssuerUnavailable(`${shown(url)} answered with the status ${response.status}`)
  const object = parseJsonObject(new Uint8Array(await response.arrayBuffer()), MAX_DOCUMENT_DEPTH)
  if (typeof object === 'string') throw new IssuerUnavailable(`${shown(url)} answered with what is ${object}`)
  return { object, headers: response.headers }
}

function stringOf(object: JsonObject, name: string): string | undefined {
  const value = member(object, name)
  return typeof value === 'string' ? value : undefined
}
