/** The configuration after it was parsed, checked and its secret references resolved. */
import path from 'node:path'
import type { Secret } from '../secrets/secret.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** A client of the embedded authorization server. */
export interface ClientConfig {
  readonly id: string
  readonly secret: Secret
  readonly grants: readonly 'client_credentials'[]
  /** The scopes it may ask for; undefined means every one. */
  readonly scopes: readonly string[] | undefined
}

export type IssuerProfile = 'rfc9068' | 'entra' | 'keycloak' | 'okta' | 'introspection'

/** Another authorization server whose access tokens we accept. */
export interface IssuerConfig {
  readonly issuer: string
  readonly profile: IssuerProfile
  /** By upstream name: the audience that its tokens carry in place of the endpoint's canonical URI. */
  readonly endpoints: Readonly<Record<string, { readonly audience: string }>>
  readonly personClaim: string
  readonly groupsClaim: string
  /** JWS algorithms accepted from this issuer; pinned, never taken from a token. */
  readonly algorithms: readonly string[]
  /** For `introspection` (RFC 7662): how we identify ourselves to the issuer. */
  readonly client: { readonly id: string; readonly secret: Secret } | undefined
}

export type CredentialConfig =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: Secret }
  | { readonly type: 'header'; readonly name: string; readonly value: Secret }
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | {
      readonly type: 'client_credentials'
      readonly issuer: string
      readonly clientId: string
      readonly clientSecret: Secret
      readonly scopes: readonly string[]
      /** RFC 8707; the upstream's URL where it is left out. */
      readonly resource: string
    }
  /** Of a stdio upstream with secrets in `env`. */
  | { readonly type: 'env'; readonly variables: Readonly<Record<string, Secret>> }

interface UpstreamCommon {
  /** `^[a-z][a-z0-9-]{0,23}$` */
  readonly name: string
  readonly credentials: CredentialConfig
  /** Tool names that need `{upstream}:admin` instead of what their annotations say. */
  readonly adminTools: readonly string[]
  readonly limits: {
    /** From the first byte sent to the first byte of an answer. */
    readonly responseTimeoutMs: number
    /** Longest silence within a stream. */
    readonly idleTimeoutMs: number
    /** Of one JSON message or SSE event. */
    readonly messageBytes: number
  }
}

export interface HttpUpstreamConfig extends UpstreamCommon {
  readonly kind: 'http'
  readonly url: string
  readonly insecureHttp: boolean
}

export interface StdioUpstreamConfig extends UpstreamCommon {
  readonly kind: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  /** What is no secret; secrets of `env` are in `credentials.variables`. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  /** `principal`: one child for each principal. `shared`: one for all; explicit only. */
  readonly isolation: 'principal' | 'shared'
  /** A child unused for so long is stopped. */
  readonly idleStopMs: number
}

export type UpstreamConfig = HttpUpstreamConfig | StdioUpstreamConfig

export interface Config {
  /** Public origin, no trailing slash; every audience derives from it, and it is the embedded server's issuer. */
  readonly url: string
  readonly listen: Address
  readonly ops: Address
  readonly network: { readonly allow: readonly string[] }
  readonly store: { readonly kind: 'sqlite'; readonly path: string }
  /** Absolute path of the root key. */
  readonly rootKey: string
  readonly authorizationServer: { readonly clients: readonly ClientConfig[] } | undefined
  readonly issuers: readonly IssuerConfig[]
  readonly upstreams: readonly UpstreamConfig[]
  /** Absolute path of the folder with `*.cedar`. */
  readonly policies: string
  /** Absolute path of the file this came from. */
  readonly file: string
}

/** The canonical URI, and so the audience, of an upstream's endpoint (MCP 2026-07-28, Authorization, Canonical Server URI). */
export function audienceOf(config: Pick<Config, 'url'>, upstream: string): string {
  return `${config.url}/mcp/${upstream}`
}

/** The log has a file of its own, beside the store's. */
export function auditFileOf(config: Pick<Config, 'store'>): string {
  return path.join(path.dirname(config.store.path), 'audit.db')
}
