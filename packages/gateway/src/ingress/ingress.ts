import type { IncomingMessage, ServerResponse } from 'node:http'
import { challenge, metadataPath } from '@sallyport/guard'
import { Deadlines } from './deadlines.ts'
import type { Exchange } from './exchange.ts'
import { HttpExchange } from './http-exchange.ts'
import type { IngressOptions, Shared } from './options.ts'
import { RequestIds } from './request-ids.ts'
import { defaultLimits } from './settings.ts'
import { UnreadAnswers } from './unread-answers.ts'

export interface Ingress {
  /** Takes one request to `/mcp/…`. Nothing of it is read until `authenticate` is called, and it has to be answered. */
  open(request: IncomingMessage, response: ServerResponse): Exchange
}

export function createIngress(options: IngressOptions): Ingress {
  const { clock, site, endpoints } = options
  const limits = { ...defaultLimits, ...options.limits }
  const ids = new RequestIds(options.random)
  const shared: Shared = {
    ...options,
    limits,
    bodyDeadlines: new Deadlines(clock, limits.bodyTimeoutMs),
    drainDeadlines: new Deadlines(clock, limits.drainedMs),
    keepAlive: new Deadlines(clock, limits.keepAliveMs),
    slowReader: new Deadlines(clock, limits.slowReaderMs),
    unread: new UnreadAnswers(limits.unreadBytes),
    streamChecks: new Deadlines(clock, limits.streamCheckMs),
    rules: { site, upstreams: endpoints, bodyBytes: limits.bodyBytes },
    challengeOf: (upstream, error) => {
      const endpoint = endpoints.get(upstream)
      if (endpoint === undefined) throw new Error('a challenge for an endpoint that does not exist')
      const resourceMetadata = `${options.url}${metadataPath(endpoint.audience)}`
      return challenge({ resourceMetadata, scope: endpoint.scopes, error })
    },
  }
  return { open: (request, response) => new HttpExchange(shared, request, response, ids.take()) }
}
