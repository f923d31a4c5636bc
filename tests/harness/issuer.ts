/** Another authorization server: metadata, a key set, and tokens as the test asks for them. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from './capture.ts'

export type Claims = Readonly<Record<string, unknown>>

export class Issuer {
  readonly url: string
  readonly #server: Server
  readonly #key: KeyObject
  readonly publicKey: KeyObject
  /** Paths asked for, in their order. */
  readonly requests: string[] = []
  /** True where it answered by itself. */
  misbehave: (request: IncomingMessage, response: ServerResponse) => boolean = () => false

  private constructor(server: Server, privateKey: KeyObject, publicKey: KeyObject) {
    this.#server = server
    this.#key = privateKey
    this.publicKey = publicKey
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Signs with ES256 under the `kid` `one`. */
  static async start(): Promise<Issuer> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }
    const server = createServer((request, response) => {
      issuer.requests.push(request.url ?? '')
      if (issuer.misbehave(request, response)) return
      if (request.url === '/jwks') return json(response, { keys: [jwk] })
      if (request.url?.startsWith('/.well-known/') === true)
        return json(response, { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` })
      json(response, {}, {}, 404)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = new Issuer(server, privateKey, publicKey)
    return issuer
  }

  /** Claims and header of a good token but for what is given; `undefined` leaves a member out. */
  token(claims: Claims, header: Claims = {}): string {
    const input = `${encoded(this.header(header))}.${encoded(this.claims(claims))}`
    return `${input}.${this.signature(input)}`
  }

  header(more: Claims = {}): Claims {
    return { alg: 'ES256', typ: 'at+jwt', kid: 'one', ...more }
  }

  claims(more: Claims = {}): Claims {
    const now = Math.floor(Date.now() / 1000)
    const person = { iss: this.url, sub: 'alice', client_id: 'their-agent' }
    return { ...person, iat: now, exp: now + 300, jti: 'j', ...more }
  }

  signature(input: string): string {
    return sign('sha256', Buffer.from(input), { key: this.#key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  }

  /** What a verifier would take that used the public key as the secret of HS256. */
  confusedSignature(input: string): string {
    const pem = this.publicKey.export({ format: 'pem', type: 'spki' })
    return createHmac('sha256', pem).update(input).digest('base64url')
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A part of a JWS: JSON text, or what has such a text. */
export function encoded(part: Claims | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}
