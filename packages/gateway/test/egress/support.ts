import { randomBytes } from 'node:crypto'
import { createLeakDetector } from '@sallyport/guard'
import type { Clock } from '../../src/clock.ts'
import type { HttpUpstreamConfig, StdioUpstreamConfig, UpstreamConfig } from '../../src/config/types.ts'
import { createCredentials } from '../../src/credentials/credentials.ts'
import type { Credential } from '../../src/credentials/port.ts'
import { createEgress, type ObservedEgress } from '../../src/egress/egress.ts'
import type { EgressResult, Relay, RelayedEvent, Seal } from '../../src/egress/port.ts'
import type { Call } from '../../src/mcp/call.ts'
import type { Session } from '../../src/mcp/session.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { type Authorized, type Intent, mint } from '../../src/stages.ts'

export const inboundToken = 'inbound-token-4f9d2c7b1e8a6053-canary-9c81'
export const upstreamSecret = 'upstream-secret-71c0a95be2f84d36-canary-55ab'

export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

export const seal: Seal = createLeakDetector(inboundToken, { window: 24 })

const limits = { responseTimeoutMs: 2_000, idleTimeoutMs: 2_000, messageBytes: 262_144 }

export function httpUpstream(url: string, overrides: Partial<HttpUpstreamConfig> = {}): HttpUpstreamConfig {
  return {
    kind: 'http',
    name: 'vendor',
    url,
    insecureHttp: false,
    credentials: { type: 'bearer', token: new Secret(upstreamSecret, 'file:vendor') },
    adminTools: [],
    limits,
    ...overrides,
  }
}

export function stdioUpstream(script: string, overrides: Partial<StdioUpstreamConfig> = {}): StdioUpstreamConfig {
  return {
    kind: 'stdio',
    name: 'files',
    command: process.execPath,
    args: [script],
    env: {},
    cwd: undefined,
    isolation: 'principal',
    idleStopMs: 60_000,
    credentials: { type: 'env', variables: { API_KEY: new Secret(upstreamSecret, 'file:files') } },
    adminTools: [],
    limits,
    ...overrides,
  }
}

export function session(overrides: Partial<Session> = {}): Session {
  return {
    id: 'ours',
    principalKey: 'p',
    audience: 'https://gateway.example/mcp/vendor',
    upstream: 'vendor',
    protocolVersion: '2025-11-25',
    upstreamSession: 'theirs-1',
    asked: new Map(),
    sent: new Map(),
    usedAt: 0,
    ...overrides,
  }
}

export function modernCall(overrides: Partial<Call> = {}): Call {
  return {
    requestId: 'r1',
    upstream: 'vendor',
    era: 'modern',
    protocolVersion: '2026-07-28',
    kind: 'request',
    method: 'tools/call',
    id: 'client-7',
    target: { action: 'call', tool: 'echo' },
    params: { name: 'echo', arguments: { text: 'hello' } },
    meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
    arguments: { text: 'hello' },
    bytes: 100,
    session: undefined,
    lastEventId: undefined,
    answers: undefined,
    peer: '127.0.0.1',
    causedBy: undefined,
    ...overrides,
  }
}

export function earlierCall(overrides: Partial<Call> = {}): Call {
  return modernCall({ era: 'earlier', protocolVersion: '2025-11-25', meta: {}, session: session(), ...overrides })
}

export function principal(subject = 'ada') {
  return {
    tenant: 'default',
    person: { issuer: 'https://login.example', subject, groups: [] },
    agent: { issuer: 'https://login.example', clientId: 'agent' },
    actors: [],
    scopes: new Set<string>(),
    audience: 'https://gateway.example/mcp/vendor',
    tokenSha256: '0'.repeat(64),
    expiresAt: 4_000_000_000,
    kind: 'jwt' as const,
  }
}

/** A client that keeps what it is sent. `takes` says whether it keeps pace. */
export class Client implements Relay {
  begun = 0
  readonly events: RelayedEvent[] = []
  takes = true
  #gone: (() => void) | undefined
  #hasGone = false
  #room: (() => void) | undefined
  #waiters: { readonly enough: (events: readonly RelayedEvent[]) => boolean; readonly done: () => void }[] = []

  begin(): void {
    this.begun++
  }

  event(event: RelayedEvent): boolean {
    this.events.push(event)
    this.#waiters = this.#waiters.filter(({ enough, done }) => {
      if (enough(this.events)) done()
      return !enough(this.events)
    })
    return this.takes
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  onGone(callback: () => void): () => void {
    if (this.#hasGone) callback()
    else this.#gone = callback
    return () => {
      this.#gone = undefined
    }
  }

  catchUp(): void {
    this.takes = true
    this.#room?.()
  }

  leave(): void {
    this.#hasGone = true
    this.#gone?.()
  }

  /** Resolves once so many events came. */
  seen(count: number): Promise<void> {
    return new Promise((done) => {
      const enough = (events: readonly RelayedEvent[]) => events.length >= count
      if (enough(this.events)) done()
      else this.#waiters.push({ enough, done })
    })
  }
}

export interface Bench {
  readonly egress: ObservedEgress
  readonly rejected: string[]
  readonly log: string[]
  send(
    call: Call,
    options?: { readonly relay?: Relay; readonly subject?: string; readonly seal?: Seal },
  ): Promise<EgressResult>
  intentOf(call: Call, subject?: string): Promise<{ readonly intent: Intent; readonly credential: Credential }>
}

const versionKey = randomBytes(32)

export function bench(
  upstreams: readonly UpstreamConfig[],
  options: {
    readonly headerParameters?: ReadonlyMap<string, readonly string[]>
    readonly environment?: Readonly<Record<string, string | undefined>>
  } = {},
): Bench {
  const rejected: string[] = []
  const log: string[] = []
  const write = (fields: object, message: string) => void log.push(`${message} ${JSON.stringify(fields)}`)
  const noFetch = () => Promise.reject(new Error('no token endpoint here'))
  const credentials = createCredentials({ upstreams, fetch: noFetch, clock, versionKey })
  const egress = createEgress({
    upstreams,
    clock,
    random: randomBytes,
    environment: options.environment ?? process.env,
    headerParameters: () => options.headerParameters,
    hooks: {
      rejected: (name) => void rejected.push(name),
      finished: () => undefined,
      log: { info: write, warn: write },
    },
  })
  const principals = new Map<string, ReturnType<typeof principal>>()
  const intentOf = async (call: Call, subject = 'ada') => {
    const who = principals.get(subject) ?? principal(subject)
    principals.set(subject, who)
    const decision = { outcome: 'allow', policies: [], version: '1' } as const
    const authorized = mint<Authorized>({ upstream: call.upstream, principal: who, call, decision })
    const plan = credentials.plan(authorized)
    const intent = mint<Intent>({
      upstream: call.upstream,
      entryId: 'w-1',
      authorized,
      plan,
      startedMs: clock.monotonic(),
    })
    const credential = await credentials.lease(intent, plan)
    if ('refused' in credential) throw new Error(credential.detail)
    return { intent, credential }
  }
  return {
    egress,
    rejected,
    log,
    intentOf,
    async send(call, sent = {}) {
      const { intent, credential } = await intentOf(call, sent.subject)
      return egress.invoke(intent, credential, sent.seal ?? seal, sent.relay ?? new Client())
    },
  }
}
