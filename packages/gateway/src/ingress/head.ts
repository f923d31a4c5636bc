/** The head of a request, checked before anybody's token is looked at or a byte of a body is read. Pure. */
import type { Era } from '../mcp/call.ts'
import type { MirrorHeaders } from '../mcp/headers.ts'
import { modernVersions } from '../mcp/versions.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { type Site, servesHost } from './hosts.ts'
import { type RawHeaders, readRawHeaders } from './raw-headers.ts'

export type HttpMethod = 'POST' | 'GET' | 'DELETE'

export interface Head {
  readonly upstream: string
  readonly method: HttpMethod
  readonly mirror: MirrorHeaders
  readonly session: string | undefined
  readonly lastEventId: string | undefined
  /** Undefined where the body is chunked. */
  readonly contentLength: number | undefined
  /** `Authorization` as it came; nothing keeps it beyond the verification. */
  readonly presented: string | undefined
}

export interface HeadRules {
  readonly site: Site
  readonly upstreams: { has(name: string): boolean }
  readonly bodyBytes: number
}

/** What an `Allow` field says, for 405 (RFC 9110 section 15.5.6); the modern era is POST only. */
export const allowedMethods: Readonly<Record<Era, string>> = { modern: 'POST', earlier: 'POST, GET, DELETE' }

const pathPrefix = '/mcp/'

/**
 * Checks target, Host, method, fields, Origin, query, path and media types, in this order.
 * Does not look at the token, nor check the session or the fields that mirror the body.
 * @param target the request target as it came; only the origin form is served (RFC 9112 section 3.2.1).
 */
export function readHead(method: string, target: string, raw: readonly string[], rules: HeadRules): Head | Refusal {
  const headers = readRawHeaders(raw)
  if (!target.startsWith('/')) return refuse('not_found', 'the request target is not a path')
  if (isRefusal(headers)) return headers
  if (!servesHost(rules.site, headers.host)) return refuse('host_invalid', 'Host names another site')
  if (method !== 'POST' && method !== 'GET' && method !== 'DELETE')
    return refuse('method_not_allowed', 'neither POST, GET nor DELETE')
  if (headers.origin !== undefined && !rules.site.origins.has(headers.origin))
    return refuse('origin_invalid', 'Origin names another site')
  const upstream = readTarget(target, rules)
  if (typeof upstream !== 'string') return upstream
  const { protocolVersion } = headers
  if (method !== 'POST' && protocolVersion !== undefined && modernVersions.includes(protocolVersion)) {
    return refuse('method_not_allowed', `${method} in the modern era`)
  }
  const body = method === 'POST' ? checkBody(headers, rules.bodyBytes) : checkNoBody(headers)
  if (isRefusal(body)) return body
  const unacceptable =
    method === 'POST' ? !acceptsBoth(headers.accept) : method === 'GET' && !accepts(headers.accept, 'text/event-stream')
  if (unacceptable) {
    const message = method === 'POST' ? undefined : 'accept text/event-stream'
    return refuse('not_acceptable', `Accept of ${method}`, message === undefined ? {} : { message })
  }
  const lastEventId = method === 'GET' ? headers.lastEventId : undefined
  if (lastEventId !== undefined && !/^[!-~](?:[ -~]{0,1022}[!-~])?$/.test(lastEventId)) {
    return refuse('header_invalid', 'Last-Event-ID is longer than 1024 characters or not visible ASCII')
  }
  const { method: rpcMethod, name, parameters, session, presented } = headers
  return {
    upstream,
    method,
    mirror: { protocolVersion, method: rpcMethod, name, parameters },
    session,
    lastEventId,
    contentLength: body.contentLength,
    presented,
  }
}

/** The upstream that a target names where it is one of ours: for the log, when its request was refused for another reason. */
export function upstreamOf(target: string, upstreams: HeadRules['upstreams']): string | undefined {
  const [path = ''] = target.split('?', 1)
  const name = path.startsWith(pathPrefix) ? path.slice(pathPrefix.length) : ''
  return upstreams.has(name) ? name : undefined
}

function readTarget(target: string, rules: HeadRules): string | Refusal {
  const query = target.indexOf('?')
  if (query >= 0) {
    const names = [...new URLSearchParams(target.slice(query + 1)).keys()]
    if (names.some((name) => name.toLowerCase() === 'access_token'))
      return refuse('token_in_query', '`access_token` in the query')
    return refuse('not_found', 'the target has a query')
  }
  const name = target.startsWith(pathPrefix) ? target.slice(pathPrefix.length) : ''
  return rules.upstreams.has(name) ? name : refuse('not_found', 'no endpoint has this path')
}

function checkBody(headers: RawHeaders, bodyBytes: number): { readonly contentLength: number | undefined } | Refusal {
  const { contentType, contentEncoding, contentLength, transferEncoding } = headers
  if (
    contentType !== 'application/json' &&
    !/^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i.test(contentType ?? '')
  ) {
    return refuse('media_type_unsupported', 'Content-Type is not application/json in UTF-8')
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    return refuse('media_type_unsupported', 'Content-Encoding is not identity')
  }
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    return refuse('media_type_unsupported', 'Transfer-Encoding is not chunked')
  }
  if (contentLength === undefined) return { contentLength: undefined }
  if (!/^\d{1,15}$/.test(contentLength)) return refuse('header_invalid', 'Content-Length is no length')
  const length = Number(contentLength)
  return length > bodyBytes
    ? refuse('body_too_large', `Content-Length is over ${bodyBytes}`)
    : { contentLength: length }
}

function checkNoBody({ contentLength, transferEncoding }: RawHeaders): { readonly contentLength: 0 } | Refusal {
  const none = transferEncoding === undefined && (contentLength === undefined || contentLength === '0')
  return none ? { contentLength: 0 } : refuse('header_invalid', 'GET or DELETE with a body')
}

/** Both have to be listed (MCP 2026-07-28, Sending Messages): a wildcard is no list. */
function acceptsBoth(accept: string | undefined): boolean {
  return (
    accept === 'application/json, text/event-stream' ||
    (accepts(accept, 'application/json') && accepts(accept, 'text/event-stream'))
  )
}

function accepts(accept: string | undefined, type: string): boolean {
  if (accept === undefined) return false
  return accept.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';')
    const refused = parameters.some((parameter) => /^\s*q\s*=\s*0(\.0{0,3})?\s*$/i.test(parameter))
    return name.trim().toLowerCase() === type && !refused
  })
}
