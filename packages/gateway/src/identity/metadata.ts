/** Paths and metadata of the embedded authorization server (RFC 8414 section 2). Pure. */

export const paths = {
  metadata: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  introspect: '/oauth/introspect',
  revoke: '/oauth/revoke',
  jwks: '/oauth/jwks',
} as const

export const clientAuthMethods = ['client_secret_basic', 'client_secret_post'] as const

/**
 * What is on, and nothing else: an empty list says that there is none.
 *
 * `authorization_endpoint` stands here although no response type does, since the MCP SDKs (1.32, 2.4) reject a document
 * without one, also for client credentials; the endpoint answers that no response type is supported. The scopes are left
 * out: they differ by resource, whose own metadata lists them (RFC 9728 section 2).
 *
 * @param url the issuer, an origin without a trailing slash; every URL derives from it and never from a request.
 */
export function metadataOf(url: string): Readonly<Record<string, unknown>> {
  return {
    issuer: url,
    authorization_endpoint: `${url}${paths.authorize}`,
    token_endpoint: `${url}${paths.token}`,
    jwks_uri: `${url}${paths.jwks}`,
    response_types_supported: [],
    response_modes_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: clientAuthMethods,
    introspection_endpoint: `${url}${paths.introspect}`,
    introspection_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint: `${url}${paths.revoke}`,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    code_challenge_methods_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [],
  }
}
