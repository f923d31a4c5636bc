/** Ingress behind a real `node:http` server, with the stages after it played by the test. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import type { InboundToken, Principal, Verdict } from '@sallyport/guard'
import { expect } from 'vitest'
import type { EgressResult, Relay } from '../../src/egress/port.ts'
import type { AcceptedRequest, RefusedRequest } from '../../src/ingress/exchange.ts'
import { siteOf } from '../../src/ingress/hosts.ts'
import { createIngress } from '../../src/ingress/ingress.ts'
import { RequestStates } from '../../src/ingress/request-state.ts'
import { Sessions } from '../../src/ingress/sessions.ts'
import { httpServerOptions, type IngressLimits, maxHeadersCount } from '../../src/ingress/settings.ts'
import type { Refusal } from '../../src/refusal.ts'

export const aliceToken = 'alice-access-token-0123456789abcdefghijklmnop'
export const bobToken = 'bob-access-token-0123456789abcdefghijklmnopqr'
/** For this one the issuer's keys are out of reach. */
export const unlucky = 'unlucky-access-token-0123456789abcdefghijklmn'
/** This one is verified only after a while. */
export const slowToken = 'slow-access-token-0123456789abcdefghijklmnopq'

export type Perform = (
  request: AcceptedRequest,
  relay: Relay,
) => Promise<EgressResult | Refusal> | EgressResult | Refusal

export interface RigOptions {
  readonly perform?: Perform
  readonly limits?: Partial<IngressLimits>
  readonly url?: string
  readonly headerParameters?: ReadonlyMap<string, readonly string[]>
}

export interface Rig {
  readonly port: number
  readonly host: string
  readonly sessions: Sessions
  readonly refused: RefusedRequest[]
  readonly accepted: AcceptedRequest[]
  /** Tokens that reached verification. */
  readonly verified: string[]
  stop(): Promise<void>
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const server = createServer(httpServerOptions)
  server.maxHeadersCount = maxHeadersCount
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  const url = options.url ?? `http://${host}`
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const sessions = new Sessions(clock, randomBytes)
  const audience = `${url}/mcp/vendor`
  const [refused, accepted, verified]: [RefusedRequest[], AcceptedRequest[], string[]] = [[], [], []]

  const verdictOf = (token: InboundToken): Verdict => {
    const name = [aliceToken, bobToken, slowToken].find((known) => sha256(known) === token.sha256)?.split('-')[0]
    if (token.sha256 === sha256(unlucky)) return { refused: true, reason: 'keys_unavailable', detail: 'no keys' }
    if (name === undefined) return { refused: true, reason: 'token_invalid', detail: 'an unknown token' }
    return { principal: principalOf(name, audience, token.sha256), seal: token.seal() }
  }
  const ingress = createIngress({
    url,
    site: siteOf(url, { host: '127.0.0.1', port }),
    endpoints: new Map(
      ['vendor', 'files'].map((name) => [
        name,
        { audience: `${url}/mcp/${name}`, accepted: new Map(), scopes: ['mcp:list'] },
      ]),
    ),
    verifier: {
      verify(token) {
        verified.push(token.sha256)
        const verdict = verdictOf(token)
        return token.sha256 === sha256(slowToken) ? new Promise((resolve) => setTimeout(resolve, 20, verdict)) : verdict
      },
    },
    sessions,
    states: new RequestStates(randomBytes(32)),
    clock,
    random: randomBytes,
    headerParameters: (_upstream, tool) => (tool === 'sql' ? options.headerParameters : undefined),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  server.on('request', async (request, response) => {
    const exchange = ingress.open(request, response)
    const read = await exchange.authenticate()
    if ('refusal' in read) {
      refused.push(read)
      exchange.answer(read.refusal, undefined)
      return
    }
    accepted.push(read)
    exchange.answer(await (options.perform ?? echo)(read, exchange.relay), read.call)
  })
  return {
    port,
    host,
    sessions,
    refused,
    accepted,
    verified,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const principals = new Map<string, Principal>()

function principalOf(name: string, audience: string, tokenSha256: string): Principal {
  const known = principals.get(`${name} ${audience}`)
  if (known !== undefined) return known
  const issuer = 'https://issuer.example'
  const principal: Principal = {
    tenant: 'default',
    person: { issuer, subject: name, groups: [] },
    agent: { issuer, clientId: 'client' },
    actors: [],
    scopes: new Set(['mcp:list']),
    audience,
    tokenSha256,
    expiresAt: 2_000_000_000,
    kind: 'opaque',
  }
  principals.set(`${name} ${audience}`, principal)
  return principal
}

/** An upstream that answers everything. */
export const echo: Perform = ({ call }) => {
  if (call.kind !== 'request') return { kind: 'accepted', status: 202 }
  return respond(call.id, call.method === 'initialize' ? { protocolVersion: '2025-11-25' } : { method: call.method })
}

export function respond(id: unknown, result: object): EgressResult {
  return {
    kind: 'response',
    json: JSON.stringify({ jsonrpc: '2.0', id, result }),
    isError: false,
    status: 200,
    event: undefined,
    upstreamSession: undefined,
  }
}

export interface Reply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
  readonly raw: string
}

/** Sends exactly these bytes and reads until the connection closes, at most for `withinMs`. */
export function sendRaw(port: number, bytes: string | Buffer, withinMs = 5_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let received = ''
    const timer = setTimeout(() => socket.destroy(), withinMs)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(received)
    })
    socket.write(bytes)
  })
}

export function parseReply(raw: string): Reply {
  const headEnd = raw.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = raw.slice(0, headEnd).split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = Buffer.from(raw.slice(headEnd + 4), 'latin1').toString('utf8')
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body,
    raw,
    get json() {
      return JSON.parse(body)
    },
  }
}

export interface Sent {
  readonly method?: string
  readonly target?: string
  /** Replaces, by exact name, or removes where undefined. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Whole lines, added as they are. */
  readonly lines?: readonly string[]
  readonly body?: string | object
}

/** One well-formed request, but for what the test changes. */
export function requestText(rig: Pick<Rig, 'host'>, sent: Sent): string {
  const { method = 'POST', target = '/mcp/vendor', body } = sent
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const headers: Record<string, string | undefined> = {
    Host: rig.host,
    Authorization: `Bearer ${aliceToken}`,
    Accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
    ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
    ...(method === 'POST' || payload !== '' ? { 'Content-Length': String(Buffer.byteLength(payload)) } : {}),
    Connection: 'close',
    ...sent.headers,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return `${[`${method} ${target} HTTP/1.1`, ...lines, ...(sent.lines ?? [])].join('\r\n')}\r\n\r\n${payload}`
}

export async function send(rig: Rig, sent: Sent): Promise<Reply> {
  return parseReply(await sendRaw(rig.port, Buffer.from(requestText(rig, sent), 'utf8')))
}

const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A modern request and the headers that mirror it. */
export function modern(method: string, params: Record<string, unknown> = {}, id: string | number = 1): Sent {
  const name = params['name'] ?? params['uri']
  return {
    headers: {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
    },
    body: {
      jsonrpc: '2.0',
      id,
      method,
      params: { ...params, _meta: { ...modernMeta, ...(params['_meta'] as object | undefined) } },
    },
  }
}

/** Merges what a test changes into a request. */
export function but(sent: Sent, changed: Sent): Sent {
  return { ...sent, ...changed, headers: { ...sent.headers, ...changed.headers } }
}

/** A message of the earlier era, in a session where there is one. */
export function earlier(method: string, params?: object, session?: string, id: string | number | undefined = 1): Sent {
  const isRequest = !method.startsWith('notifications/')
  return {
    headers: session === undefined ? {} : { 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' },
    body: { jsonrpc: '2.0', ...(isRequest ? { id } : {}), method, ...(params === undefined ? {} : { params }) },
  }
}

export const initialize = earlier('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
})

export async function openSession(rig: Rig, token = aliceToken): Promise<string> {
  const reply = await send(rig, but(initialize, { headers: { Authorization: `Bearer ${token}` } }))
  const id = reply.headers.get('mcp-session-id')
  if (id === undefined) throw new Error(`no session: ${reply.raw}`)
  return id
}

/**
 * What sees a request refused with this status and reason; before any token was looked at, unless told otherwise.
 * @param of the rig of the moment.
 */
export function refusing(of: () => Rig) {
  return async (sent: Sent, status: number, reason: string, early = true): Promise<Reply> => {
    const rig = of()
    rig.refused.length = 0
    rig.verified.length = 0
    const before = rig.accepted.length
    const reply = await send(rig, sent)
    expect([reply.status, rig.refused.map(({ refusal }) => refusal.reason)]).toEqual([status, [reason]])
    expect(rig.accepted).toHaveLength(before)
    expect(reply.raw).not.toContain(aliceToken)
    expect(JSON.stringify(rig.refused)).not.toContain(aliceToken.slice(0, 24))
    if (early) expect(rig.verified).toEqual([])
    return reply
  }
}
