/** What is used here of oidc-provider 9, which brings no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface OidcClient {
    readonly clientId: string
  }

  export interface OidcToken {
    readonly kind: string
    /** The value of an opaque token. */
    readonly jti: string
    readonly clientId: string
    readonly aud: string | undefined
    readonly scope: string | undefined
  }

  export interface OidcContext {
    readonly req: IncomingMessage
    readonly status: number
    readonly body: unknown
    readonly oidc: { readonly params: Record<string, string | undefined> }
    remove(header: string): void
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly Client: { readonly prototype: { compareClientSecret(this: OidcClient, presented: unknown): boolean } }
    use(middleware: (ctx: OidcContext, next: () => Promise<void>) => Promise<void>): void
    on(event: 'server_error', listener: (ctx: OidcContext, error: unknown) => void): void
    on(event: 'error', listener: (error: unknown) => void): void
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  }

  export const errors: {
    readonly InvalidRequest: new (description: string) => Error
    readonly InvalidScope: new (description: string, scope?: string) => Error
    readonly InvalidTarget: new (description: string) => Error
    readonly TemporarilyUnavailable: new (description: string) => Error
  }
}
