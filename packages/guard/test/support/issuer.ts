/** An authorization server on loopback: metadata, keys and introspection as a test wants them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose'

export const NOW_MS = 1_800_000_000_000
export const NOW = NOW_MS / 1000
export const AUDIENCE = 'https://mcp.example.com/mcp/files'

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: Record<string, unknown>
}

export async function signingKey(
  kid: string,
  alg: 'ES256' | 'RS256' | 'EdDSA' | 'PS256' | 'ES384' | 'ES512' = 'ES256',
) {
  const { publicKey, privateKey } =
    alg === 'RS256' || alg === 'PS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg] })
  const jwk: Record<string, unknown> = { ...(await exportJWK(publicKey)), kid, use: 'sig' }
  return { kid, alg, privateKey, publicKey, jwk } satisfies SigningKey
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export class TestIssuer {
  readonly origin: string
  readonly issuer: string
  /** Every request as `METHOD path`, in order. */
  readonly requests: string[] = []
  /** Bodies and headers of what came to the introspection endpoint. */
  readonly introspected: { readonly body: string; readonly authorization: string | undefined }[] = []
  metadata: Record<string, unknown>
  /** Answers every request in place of the documents. */
  broken: Answer | undefined
  keys: unknown[] = []
  cacheControl: string | undefined
  /** Which of the two metadata documents there are. */
  serves: 'oauth' | 'openid' | 'both' = 'oauth'
  introspection: (token: string) => unknown = () => ({ active: false })
  readonly #server: ReturnType<typeof createServer>

  private constructor(server: ReturnType<typeof createServer>, path: string) {
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.issuer = `${this.origin}${path}`
    this.metadata = {
      issuer: this.issuer,
      jwks_uri: `${this.origin}/jwks`,
      introspection_endpoint: `${this.origin}/introspect`,
    }
    server.on('request', (request, response) => this.#answer(request, response))
  }

  static async start(path = ''): Promise<TestIssuer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TestIssuer(server, path)
  }

  count(suffix: string): number {
    return this.requests.filter((request) => request.endsWith(suffix)).length
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`)
    const path = new URL(this.issuer).pathname.replace(/\/$/, '')
    const oauth = `/.well-known/oauth-authorization-server${path}`
    const openid = `${path}/.well-known/openid-configuration`
    if (this.broken) this.broken(request, response)
    else if (request.url === oauth && this.serves !== 'openid') json(response, this.metadata)
    else if (request.url === openid && this.serves !== 'oauth') json(response, this.metadata)
    else if (request.url === '/jwks') {
      if (this.cacheControl) response.setHeader('cache-control', this.cacheControl)
      json(response, { keys: this.keys })
    } else if (request.url === '/introspect' && request.method === 'POST') this.#introspect(request, response)
    else response.writeHead(404).end()
  }

  #introspect(request: IncomingMessage, response: ServerResponse): void {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      this.introspected.push({ body, authorization: request.headers.authorization })
      json(response, this.introspection(new URLSearchParams(body).get('token') ?? ''))
    })
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

export function accessTokenClaims(issuer: string, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const claims = {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'alice',
    client_id: 'agent-1',
    scope: 'files:read files:write',
    iat: NOW - 10,
    exp: NOW + 600,
    jti: 'a1',
    ...overrides,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

export function sign(
  claims: Record<string, unknown>,
  key: SigningKey,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header } as JWTHeaderParameters)
    .sign(key.privateKey)
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}
