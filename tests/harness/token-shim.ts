/**
 * For clients that cannot send a token: relays every request to the gateway with one, and every answer as it comes.
 * Nothing else is changed, but that `Host` and `Origin` name the gateway where they named the shim: what names another
 * site reaches the gateway as it was sent.
 */
import { createServer, type IncomingMessage, request as open, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TokenShim {
  /** Stands for the endpoint. */
  readonly url: string
  stop(): Promise<void>
}

/** @param endpoint of the gateway, such as `http://127.0.0.1:8080/mcp/notes`. */
export async function startTokenShim(endpoint: string, token: string): Promise<TokenShim> {
  const { host, hostname, port, pathname } = new URL(endpoint)
  let own = ''
  const server = createServer((request, response) => {
    const headers = [...renamed(request.rawHeaders, own, host), 'authorization', `Bearer ${token}`]
    const relayed = open({ hostname, port, path: request.url, method: request.method, headers, agent: false })
    relayed.on('response', (answer) => relay(answer, response))
    relayed.on('error', () => response.destroy())
    response.on('close', () => relayed.destroy())
    request.pipe(relayed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${own}${pathname}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Names and values in turn, as they came. */
function renamed(raw: readonly string[], own: string, host: string): string[] {
  const values: Readonly<Record<string, readonly [string, string]>> = {
    host: [own, host],
    origin: [`http://${own}`, `http://${host}`],
  }
  return raw.map((value, index) => {
    const [from, to] = index % 2 === 1 ? (values[raw[index - 1]?.toLowerCase() ?? ''] ?? []) : []
    return value === from && to !== undefined ? to : value
  })
}

function relay(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
  response.flushHeaders()
  answer.pipe(response)
  answer.on('error', () => response.destroy())
}
