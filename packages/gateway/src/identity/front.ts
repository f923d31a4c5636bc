/** The HTTP front of the embedded authorization server: its routes, and how often a client may try. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseForm } from './form.ts'
import { createLimiter } from './limiter.ts'
import { metadataOf, paths } from './metadata.ts'
import type { ProviderListener } from './provider.ts'
import type { Asking, RecordOAuth } from './record.ts'
import { clientOf, type Failure, innerRequest, invalidRequest, peerOf, readBody, readCredentials } from './request.ts'

export interface FrontOptions {
  readonly url: string
  /** The public keys, a JWK set (RFC 7517 section 5). */
  readonly keySet: Readonly<Record<string, unknown>>
  readonly provider: () => Promise<ProviderListener>
  /** Whether there is a client with this id. */
  readonly knows: (clientId: string) => boolean
  readonly monotonic: () => number
  readonly newRequestId: () => string
  readonly record: RecordOAuth
  readonly fault: (error: unknown) => void
}

const posts: ReadonlySet<string> = new Set([paths.token, paths.introspect, paths.revoke])
const buckets = 10_000

/** True for every path that is the authorization server's, known or not. */
export function handlesPath(path: string): boolean {
  return paths.metadata.some((document) => document === path) || path === '/oauth' || path.startsWith('/oauth/')
}

export function createFront(options: FrontOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { monotonic, record } = options
  const metadata = JSON.stringify(metadataOf(options.url))
  const documents = new Map<string, string>([
    ...paths.metadata.map((path) => [path, metadata] as const),
    [paths.jwks, JSON.stringify(options.keySet)],
  ])
  const known = new Set<string>([...documents.keys(), paths.authorize, ...posts])
  const host = new URL(options.url).host
  // wrong secrets of one client from one peer: so many at once, then five a minute
  const guesses = createLimiter({ capacity: 32, leakPerSecond: 5 / 60, entries: buckets, monotonic })
  // answers to a client that proved itself, each of which may have stored a token
  const answers = createLimiter({ capacity: 600, leakPerSecond: 20, entries: buckets, monotonic })

  /** The path is named where it is one of ours: others, and queries, may hold anything. */
  function note(asking: Asking, url: string, status: number, why: string): void {
    const path = url.split('?', 1)[0]
    void record({
      ...asking,
      kind: 'refused',
      status,
      detail: `${known.has(path ?? '') ? path : 'another path'}: ${why}`,
    })
  }

  function refuse(response: ServerResponse, asking: Asking, failure: Failure): void {
    fail(response, failure)
    note(asking, response.req.url ?? '', failure.status, `${failure.error}: ${failure.description}`)
  }

  async function serve(request: IncomingMessage, response: ServerResponse, asking: Asking): Promise<void> {
    const { method = '', url = '' } = request
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    const document = documents.get(path)
    if (document !== undefined) {
      if (method !== 'GET' && method !== 'HEAD') return refuse(response, asking, notAllowed('GET, HEAD'))
      return send(response, 200, document, publicly)
    }
    // never a redirect: there is no client whose redirect URI could be trusted (RFC 6749 section 4.1.2.1)
    if (path === paths.authorize) return refuse(response, asking, noResponseType)
    if (!posts.has(path)) return refuse(response, asking, notFound)
    if (method !== 'POST') return refuse(response, asking, notAllowed('POST'))
    if (query !== -1) return refuse(response, asking, invalidRequest('send parameters in the body, never in the URL'))
    await post(request, response, path, asking)
  }

  async function post(request: IncomingMessage, response: ServerResponse, path: string, asking: Asking): Promise<void> {
    const credentials = readCredentials(request)
    if ('status' in credentials) return refuse(response, asking, credentials)
    const body = await readBody(request)
    if (!Buffer.isBuffer(body)) return refuse(response, asking, body)
    const form = parseForm(body)
    if (!form.ok) return refuse(response, asking, { status: 400, ...form })
    // oidc-provider issues a token without an audience where `resource` is empty
    if (path === paths.token && !form.fields.get('resource')) return refuse(response, asking, noResource)

    // clients that do not exist share a bucket, or inventing them would push the others' out
    const claimed = clientOf(credentials, form.fields)
    const named: Asking = { ...asking, client: options.knows(claimed) ? claimed : undefined }
    const client = JSON.stringify([peerOf(request), named.client ?? ''])
    const waitSeconds = Math.max(guesses.waitSeconds(client), answers.waitSeconds(client))
    if (waitSeconds > 0) return refuse(response, named, tooMany(waitSeconds))
    guesses.pour(client) // before the answer is known, or guesses made at once would all pass
    try {
      const listener = await options.provider()
      const why = await listener(innerRequest(path, host, credentials, form.fields), response, named)
      if (why !== undefined) note(named, path, response.statusCode, why)
    } finally {
      if (response.statusCode !== 401) guesses.scoop(client)
      if (response.statusCode === 200) answers.pour(client)
    }
  }

  return (request, response) => {
    const peer = request.socket.remoteAddress ?? ''
    const asking: Asking = { requestId: options.newRequestId(), peer, client: undefined }
    serve(request, response, asking).catch((error: unknown) => {
      options.fault(error)
      if (response.headersSent) response.destroy()
      else refuse(response, asking, { status: 500, error: 'server_error', description: 'internal error' })
    })
  }
}

const publicly = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }
const notFound: Failure = { status: 404, error: 'not_found', description: 'there is no such endpoint' }
const noResource: Failure = { status: 400, error: 'invalid_target', description: 'exactly one `resource` is required' }
const noResponseType: Failure = {
  status: 400,
  error: 'unsupported_response_type',
  description: 'no response type is supported',
}

function notAllowed(allow: string): Failure {
  return { ...invalidRequest('this HTTP method is not allowed here'), status: 405, headers: { allow } }
}

function tooMany(waitSeconds: number): Failure {
  const headers = { 'retry-after': String(waitSeconds) }
  return { status: 429, error: 'temporarily_unavailable', description: 'too many requests', headers }
}

function fail(response: ServerResponse, { status, error, description, headers }: Failure): void {
  const json = JSON.stringify({ error, error_description: description })
  // what is left of a body that nobody reads is not waited for
  const connection = response.req.complete ? {} : { connection: 'close' }
  send(response, status, json, { 'cache-control': 'no-store', ...connection, ...headers })
}

function send(response: ServerResponse, status: number, json: string, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', ...headers })
  response.end(json)
}
