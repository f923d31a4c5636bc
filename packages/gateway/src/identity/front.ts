/** The HTTP front of the embedded authorization server: its routes, and how often a client may try. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseForm } from './form.ts'
import { createLimiter } from './limiter.ts'
import { metadataOf, paths } from './metadata.ts'
import type { ProviderListener } from './provider.ts'
import { clientOf, type Failure, innerRequest, invalidRequest, peerOf, readBody, readCredentials } from './request.ts'

export interface FrontOptions {
  readonly url: string
  /** The public keys, a JWK set (RFC 7517 section 5). */
  readonly keySet: Readonly<Record<string, unknown>>
  readonly provider: () => Promise<ProviderListener>
  /** Whether there is a client with this id. */
  readonly knows: (clientId: string) => boolean
  readonly monotonic: () => number
  readonly fault: (error: unknown) => void
}

const posts: ReadonlySet<string> = new Set([paths.token, paths.introspect, paths.revoke])
const buckets = 10_000

/** True for every path that is the authorization server's, known or not. */
export function handlesPath(path: string): boolean {
  return paths.metadata.some((document) => document === path) || path === '/oauth' || path.startsWith('/oauth/')
}

export function createFront(options: FrontOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { monotonic } = options
  const metadata = JSON.stringify(metadataOf(options.url))
  const documents = new Map<string, string>([
    ...paths.metadata.map((path) => [path, metadata] as const),
    [paths.jwks, JSON.stringify(options.keySet)],
  ])
  const host = new URL(options.url).host
  // wrong secrets of one client from one peer: so many at once, then five a minute
  const guesses = createLimiter({ capacity: 32, leakPerSecond: 5 / 60, entries: buckets, monotonic })
  // answers to a client that proved itself, each of which may have stored a token
  const answers = createLimiter({ capacity: 600, leakPerSecond: 20, entries: buckets, monotonic })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    const document = documents.get(path)
    if (document !== undefined) {
      if (method !== 'GET' && method !== 'HEAD') return fail(response, notAllowed('GET, HEAD'))
      return send(response, 200, document, publicly)
    }
    // never a redirect: there is no client whose redirect URI could be trusted (RFC 6749 section 4.1.2.1)
    if (path === paths.authorize) return fail(response, noResponseType)
    if (!posts.has(path)) return fail(response, notFound)
    if (method !== 'POST') return fail(response, notAllowed('POST'))
    if (query !== -1) return fail(response, invalidRequest('send parameters in the body, never in the URL'))
    await post(request, response, path)
  }

  async function post(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const credentials = readCredentials(request)
    if ('status' in credentials) return fail(response, credentials)
    const body = await readBody(request)
    if (!Buffer.isBuffer(body)) return fail(response, body)
    const form = parseForm(body)
    if (!form.ok) return fail(response, { status: 400, ...form })
    // oidc-provider issues a token without an audience where `resource` is empty
    if (path === paths.token && !form.fields.get('resource')) return fail(response, noResource)

    // clients that do not exist share a bucket, or inventing them would push the others' out
    const claimed = clientOf(credentials, form.fields)
    const client = JSON.stringify([peerOf(request), options.knows(claimed) ? claimed : ''])
    const waitSeconds = Math.max(guesses.waitSeconds(client), answers.waitSeconds(client))
    if (waitSeconds > 0) return fail(response, tooMany(waitSeconds))
    guesses.pour(client) // before the answer is known, or guesses made at once would all pass
    try {
      const listener = await options.provider()
      await listener(innerRequest(path, host, credentials, form.fields), response)
    } finally {
      if (response.statusCode !== 401) guesses.scoop(client)
      if (response.statusCode === 200) answers.pour(client)
    }
  }

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      options.fault(error)
      if (response.headersSent) response.destroy()
      else fail(response, { status: 500, error: 'server_error', description: 'internal error' })
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
