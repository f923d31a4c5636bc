/** RFC 9728 section 2, as far as we fill it. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name: string
}

export interface ProtectedResource {
  /** Canonical URI: the audience that tokens for it must carry. */
  readonly resource: string
  /** Issuers whose tokens it accepts; at least one. */
  readonly authorizationServers: readonly string[]
  readonly scopes: readonly string[]
  /** For people. */
  readonly name: string
}

/** The metadata document of a protected resource (RFC 9728 section 2). */
export function protectedResourceMetadata(resource: ProtectedResource): ProtectedResourceMetadata {
  return {
    resource: resource.resource,
    authorization_servers: [...resource.authorizationServers],
    scopes_supported: [...resource.scopes],
    bearer_methods_supported: ['header'],
    resource_name: resource.name,
  }
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Path (and query) at which the metadata of `resource` is served: the well-known string stands between host and path,
 * and a path of `/` alone goes (RFC 9728 section 3.1). Every other slash counts: `/mcp/a/` is not `/mcp/a`.
 * @throws {TypeError} `resource` is no absolute URL.
 */
export function metadataPath(resource: string): string {
  const { pathname, search } = new URL(resource)
  return `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`
}
