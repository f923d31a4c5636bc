import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { CredentialConfig } from '../../src/config/types.ts'
import { secret } from './rig.ts'

export interface TokenRequest {
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
}

/** A real authorization server, as far as this grant goes. */
export async function issuer(
  options: {
    metadata?: Record<string, unknown>
    token?: (count: number) => { status?: number; body: unknown }
    oidc?: boolean
    delayMs?: number
  } = {},
) {
  const requests: TokenRequest[] = []
  let down = false
  let origin = ''
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const send = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      if (down) {
        send(500, {})
        return
      }
      const wellKnown =
        options.oidc === true ? '/.well-known/openid-configuration' : '/.well-known/oauth-authorization-server'
      if (request.url === wellKnown)
        send(200, { issuer: origin, token_endpoint: `${origin}/token`, ...options.metadata })
      else if (request.url === '/token') {
        requests.push({ headers: request.headers, form: new URLSearchParams(Buffer.concat(chunks).toString('utf8')) })
        if (options.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delayMs))
        const { status = 200, body } = options.token?.(requests.length) ?? {
          body: { access_token: `upstream-token-number-${requests.length}`, token_type: 'Bearer', expires_in: 100 },
        }
        send(status, body)
      } else send(404, {})
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return {
    requests,
    setDown: (is: boolean) => {
      down = is
    },
    config: {
      type: 'client_credentials',
      issuer: origin,
      clientId: 'gate way',
      clientSecret: secret('client:secret/of some+length'),
      scopes: ['read', 'write'],
      resource: 'https://x.example/mcp',
    } satisfies CredentialConfig,
  }
}
