import { randomBytes } from 'node:crypto'
import type { Principal } from '@sallyport/guard'
import type { Clock } from '../../src/clock.ts'
import type { EgressResult } from '../../src/egress/port.ts'
import type { Call, JsonObject } from '../../src/mcp/call.ts'
import { type Authorized, mint, type Plan } from '../../src/stages.ts'

/** What the stages before the log would have made. */

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
export const commitmentKey = Buffer.alloc(32, 7)
export const random = (length: number) => randomBytes(length)

export const principal: Principal = Object.freeze({
  tenant: 'default',
  person: { issuer: 'https://login.example.com', subject: 'alice', groups: ['finance'] },
  agent: { issuer: 'https://login.example.com', clientId: 'claude-desktop' },
  actors: [{ issuer: 'https://login.example.com', subject: 'agent-7' }],
  scopes: new Set(['files:read']),
  audience: 'https://mcp.example.com/mcp/files',
  tokenSha256: 'ab'.repeat(32),
  expiresAt: 2_000_000_000,
  kind: 'jwt',
})

export const plan = mint<Plan<'files'>>({
  upstream: 'files',
  type: 'bearer',
  id: 'files/bearer',
  version: '0123456789ab',
  issuer: undefined,
  audience: undefined,
  scopes: [],
})

export function callOf(differing: Partial<Call> = {}): Call {
  const given: JsonObject = { path: '/srv/docs/report.txt', limit: 20 }
  return {
    requestId: 'req-1',
    upstream: 'files',
    era: 'modern',
    protocolVersion: '2026-07-28',
    kind: 'request',
    method: 'tools/call',
    id: 1,
    target: { action: 'call', tool: 'read_file' },
    params: { name: 'read_file', arguments: given },
    meta: {},
    arguments: given,
    bytes: 120,
    session: undefined,
    lastEventId: undefined,
    answers: undefined,
    peer: '127.0.0.1',
    causedBy: undefined,
    ...differing,
  }
}

export function authorizedOf(call: Call = callOf(), differing: Partial<Authorized<'files'>> = {}): Authorized<'files'> {
  return mint<Authorized<'files'>>({
    upstream: 'files',
    principal,
    call,
    decision: { outcome: 'allow', policies: ['readers#0', 'files#2'], version: 'c0ffee0123456789' },
    pin: 'cd'.repeat(32),
    ...differing,
  })
}

export const answered: EgressResult = {
  kind: 'response',
  json: '{}',
  isError: false,
  status: 200,
  event: undefined,
  upstreamSession: undefined,
}
