/** Which token a client may have: one resource, and scopes of that resource alone. Pure. */
import { listScope, upstreamScopes } from '../scopes.ts'

/** Canonical URI of each endpoint to the upstream's name: the whole of what a token can be for. */
export type Resources = ReadonlyMap<string, string>

export function resourcesOf(url: string, upstreams: readonly string[]): Resources {
  return new Map(upstreams.map((upstream) => [`${url}/mcp/${upstream}`, upstream]))
}

export type Access =
  | { readonly granted: true; readonly scopes: readonly string[] }
  | { readonly granted: false; readonly error: 'invalid_target' | 'invalid_scope'; readonly scope?: string }

/**
 * The scopes of a token for `resource`. Compared exactly, as URIs and scopes are case-sensitive (RFC 8707 section 2,
 * RFC 6749 section 3.3): no normalising, so that no second spelling of an audience exists. Refused rather than narrowed
 * where a scope asked for is not allowed. Without a `scope`, the least that is useful: to list and to read.
 *
 * A resource that is unknown and one of which this client may have no scope look the same to it.
 *
 * @param allowed the client's configured scopes; undefined means every one.
 * @param requested the `scope` parameter as it came.
 */
export function grantAccess(
  resources: Resources,
  allowed: ReadonlySet<string> | undefined,
  resource: string,
  requested: string | undefined,
): Access {
  const upstream = resources.get(resource)
  if (upstream === undefined) return { granted: false, error: 'invalid_target' }
  const possible = possibleScopes(upstream, allowed)
  if (possible.length === 0) return { granted: false, error: 'invalid_target' }
  const asked =
    requested === undefined
      ? possible.filter((scope) => scope === listScope || scope === `${upstream}:read`)
      : requested.split(' ')
  const excess = asked.find((scope) => !possible.includes(scope))
  if (excess !== undefined) return { granted: false, error: 'invalid_scope', scope: excess }
  return asked.length === 0
    ? { granted: false, error: 'invalid_scope' }
    : { granted: true, scopes: [...new Set(asked)] }
}

/** What a token for this upstream's endpoint may hold of this client. */
export function possibleScopes(upstream: string, allowed: ReadonlySet<string> | undefined): readonly string[] {
  return upstreamScopes(upstream).filter((scope) => allowed === undefined || allowed.has(scope))
}
