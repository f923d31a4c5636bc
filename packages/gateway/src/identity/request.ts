/**
 * Reading a request of a client, bounded and strictly, and the request that oidc-provider sees instead of it: built from
 * empty out of what was checked. So no `Host`, no forwarding header and no second reading of the body ever reaches it.
 */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { serializeForm } from './form.ts'

const bodyBytes = 16 * 1024
const bodyTimeoutMs = 10_000
const credentialBytes = 4096

/** An answer of ours in the form of RFC 6749 section 5.2. */
export interface Failure {
  readonly status: number
  readonly error: string
  readonly description: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The value of the header that a client proves itself with, unverified. */
export interface Credentials {
  readonly header: string | undefined
}

const formType = /^application\/x-www-form-urlencoded(?:\s*;\s*charset=(?:"utf-8"|utf-8))?$/i

/** Checks the headers, of which nothing but the credentials is taken. */
export function readCredentials(request: IncomingMessage): Credentials | Failure {
  const { rawHeaders, headers } = request
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name)
  // of two, Node keeps the first without a word, and whoever stands before us may have read the other
  if (repeated('authorization') || repeated('content-type')) return invalidRequest('a header is repeated')
  if (headers.origin !== undefined) return invalidRequest('requests of web pages are not accepted here')
  if (!formType.test(headers['content-type'] ?? '')) return invalidRequest('send application/x-www-form-urlencoded')
  if (headers['content-encoding'] !== undefined) return invalidRequest('send the body unencoded')
  const header = headers.authorization
  if (header !== undefined && header.length > credentialBytes) return invalidRequest('the credentials are too long')
  return { header }
}

export function readBody(request: IncomingMessage): Promise<Buffer | Failure> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (result: Buffer | Failure): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      if (!Buffer.isBuffer(result)) request.on('error', () => {}).resume()
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > bodyBytes) settle({ ...invalidRequest('the body is too large'), status: 413 })
      else chunks.push(chunk)
    }
    const onEnd = (): void => settle(Buffer.concat(chunks))
    const onGone = (): void => settle(invalidRequest('the body did not arrive'))
    const timer = setTimeout(
      () => settle({ ...invalidRequest('the body did not arrive in time'), status: 408 }),
      bodyTimeoutMs,
    )
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/**
 * The request that oidc-provider sees, of a socket that is no connection.
 * @param host of the issuer, since the library derives URLs from it.
 */
export function innerRequest(
  path: string,
  host: string,
  credentials: Credentials,
  fields: ReadonlyMap<string, string>,
): IncomingMessage {
  const body = serializeForm(fields)
  const request = new IncomingMessage(new Socket())
  request.method = 'POST'
  request.url = path
  request.headers = {
    host,
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  }
  if (credentials.header !== undefined) request.headers.authorization = credentials.header
  request.push(body)
  request.push(null)
  request.complete = true
  return request
}

/** Who this request says it is, unverified: for counting only. Decoded as the verification does (RFC 6749 section 2.3.1). */
export function clientOf({ header }: Credentials, fields: ReadonlyMap<string, string>): string {
  if (header === undefined) return fields.get('client_id') ?? ''
  const decoded = Buffer.from(header.slice(header.indexOf(' ') + 1), 'base64').toString('utf8')
  const id = decoded.slice(0, Math.max(0, decoded.indexOf(':')))
  try {
    return decodeURIComponent(id.replaceAll('+', ' '))
  } catch {
    return id
  }
}

/** An IPv6 peer owns a /64, so that is what counts as one. */
export function peerOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? ''
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = ''] = address.split('::', 1)
  return head.split(':').slice(0, 4).join(':')
}

export function invalidRequest(description: string): Failure {
  return { status: 400, error: 'invalid_request', description }
}
