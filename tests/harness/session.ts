/** A session of 2025-11-25 by hand, and its GET stream. */
import { connect, type Socket } from 'node:net'
import type { JsonRpc } from './capture.ts'

export interface Posted {
  readonly status: number
  readonly text: string
  readonly sessionId: string | undefined
}

export async function post(
  url: string,
  token: string,
  message: JsonRpc | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      ...headers,
    },
    body: typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
  return {
    status: answer.status,
    text: await answer.text(),
    sessionId: answer.headers.get('mcp-session-id') ?? undefined,
  }
}

export class EarlierSession {
  readonly id: string
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string, id: string) {
    this.#url = url
    this.#token = token
    this.id = id
  }

  static async open(url: string, token: string): Promise<EarlierSession> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
    const { sessionId, status, text } = await post(url, token, { id: 0, method: 'initialize', params })
    if (sessionId === undefined) throw new Error(`no session: ${status} ${text}`)
    const session = new EarlierSession(url, token, sessionId)
    await session.post({ method: 'notifications/initialized' })
    return session
  }

  post(message: JsonRpc | string, headers: Readonly<Record<string, string>> = {}): Promise<Posted> {
    return post(this.#url, this.#token, message, { 'mcp-session-id': this.id, ...headers })
  }

  /** @param headers raw lines beside the usual ones. */
  listen(headers: readonly string[] = []): OpenStream {
    return new OpenStream(this.#url, this.#token, this.id, headers)
  }
}

/** A GET stream as it comes. */
export class OpenStream {
  text = ''
  closed = false
  readonly #socket: Socket

  constructor(url: string, token: string, sessionId: string, headers: readonly string[]) {
    const { hostname, port, pathname, host } = new URL(url)
    this.#socket = connect(Number(port), hostname)
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk
    })
    this.#socket.on('close', () => {
      this.closed = true
    })
    this.#socket.on('error', () => {})
    const lines = [
      `GET ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      'Accept: text/event-stream',
      `Authorization: Bearer ${token}`,
      `Mcp-Session-Id: ${sessionId}`,
      ...headers,
    ]
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0)
  }

  stop(): void {
    this.#socket.destroy()
  }
}

/** Asks again until it is so, for at most five seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  for (const from = performance.now(); !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (performance.now() - from > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
}
