/** Which of our own endpoints a path belongs to; everything else is 404. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { metadataPath, protectedResourceMetadata } from '@sallyport/guard'
import type { AuthorizationServer } from './identity/index.ts'
import { upstreamScopes } from './scopes.ts'

export interface ListenerOptions {
  readonly url: string
  readonly upstreams: readonly string[]
  /** Issuers whose tokens open the endpoints, the embedded server first. */
  readonly issuers: readonly string[]
  readonly authorizationServer: AuthorizationServer | undefined
  /** False where the Host names another site (DNS rebinding). */
  readonly servesHost: (host: string | undefined) => boolean
  readonly mcp: (request: IncomingMessage, response: ServerResponse) => void
}

export function createListener(options: ListenerOptions): RequestListener {
  const documents = new Map<string, Buffer>()
  for (const name of options.upstreams) {
    const resource = `${options.url}/mcp/${name}`
    const document = protectedResourceMetadata({
      resource,
      authorizationServers: options.issuers,
      scopes: upstreamScopes(name),
      name,
    })
    documents.set(metadataPath(resource), Buffer.from(JSON.stringify(document)))
  }

  return (request, response) => {
    const target = request.url ?? ''
    if (target.startsWith('/mcp')) return options.mcp(request, response)
    const path = target.split('?', 1)[0] ?? ''
    if (!options.servesHost(request.headers.host)) return plain(response, 403, 'this host is not served here')
    if (options.authorizationServer?.handles(path) === true)
      return options.authorizationServer.listener(request, response)
    const document = documents.get(path)
    if (document === undefined) return plain(response, 404, 'not found')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(response, 405, 'use GET', { allow: 'GET, HEAD' })
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': document.length,
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    })
    response.end(request.method === 'HEAD' ? undefined : document)
  }
}

function plain(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `${message}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    connection: 'close',
    ...headers,
  })
  response.end(body)
}
