import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { StdioUpstreamConfig } from '../../src/config/types.ts'
import type { EgressResult } from '../../src/egress/port.ts'
import type { Call } from '../../src/mcp/call.ts'
import { later } from './serve.ts'
import { bench, earlierCall, modernCall, session, stdioUpstream } from './support.ts'

export const script = fileURLToPath(new URL('./fixtures/server.mjs', import.meta.url))

export function start(
  eras: 'modern' | 'earlier' | 'both',
  vice = '',
  overrides: Partial<StdioUpstreamConfig> = {},
  environment = {},
) {
  const config = stdioUpstream(script, { args: [script, eras, vice], ...overrides })
  const made = bench([config], { environment: { PATH: process.env['PATH'], HOME: '/nowhere', ...environment } })
  later(() => made.egress.stop())
  return made
}

export const tool = (name: string, overrides: Partial<Call> = {}) =>
  modernCall({ upstream: 'files', params: { name }, arguments: undefined, ...overrides })
export const earlierTool = (name: string, overrides: Partial<Call> = {}) =>
  earlierCall({
    upstream: 'files',
    params: { name },
    arguments: undefined,
    session: session({ upstreamSession: undefined }),
    ...overrides,
  })
export const initialize = (protocolVersion = '2025-11-25') =>
  earlierCall({
    upstream: 'files',
    method: 'initialize',
    session: undefined,
    params: { protocolVersion, capabilities: { sampling: {} } },
  })

export function resultOf(answer: EgressResult) {
  expect(answer).toMatchObject({ kind: 'response' })
  return JSON.parse((answer as { json: string }).json).result
}

/** An ended one may wait for its parent to notice: that is no life. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
