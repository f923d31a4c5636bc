/** Which era a new child speaks (MCP 2026-07-28, stdio, Backward Compatibility), and its `initialize` in the earlier one. */
import type { Era } from '../mcp/call.ts'
import { metaKeys } from '../mcp/meta.ts'
import { earlierVersions, modernVersions } from '../mcp/versions.ts'
import { isModernCode } from './eras.ts'
import type { Ids } from './ids.ts'
import { parseObject } from './messages.ts'
import type { ChildMessage, StdioChild, Waiter } from './stdio-child.ts'

const clientInfo = { name: 'sallyport', version: '1' }
/** An earlier server may ignore what it does not know. */
const discoverTimeoutMs = 10_000
const initializeTimeoutMs = 30_000

/** A child that speaks neither era, or ended before it said. */
export class HandshakeFailed extends Error {
  override readonly name = 'HandshakeFailed'
}

/**
 * Makes a child ready in the era that a client wants, or else in the one it speaks. No client capability is declared:
 * a child is one client's today and another session's tomorrow.
 * @returns whether the child turned the wanted era down, so that it speaks the other one only.
 * @throws {HandshakeFailed}
 */
export async function shakeHands(child: StdioChild, wanted: Era, ids: Ids): Promise<{ readonly turnedDown: boolean }> {
  const openings: Readonly<Record<Era, () => Promise<boolean>>> = {
    modern: () => discover(child, ids),
    earlier: () => initialize(child, ids),
  }
  const other: Era = wanted === 'modern' ? 'earlier' : 'modern'
  if (await openings[wanted]()) {
    child.era = wanted
    return { turnedDown: false }
  }
  if (await openings[other]()) {
    child.era = other
    return { turnedDown: true }
  }
  throw new HandshakeFailed(child.endedBy ?? 'neither `server/discover` nor `initialize` was answered')
}

async function discover(child: StdioChild, ids: Ids): Promise<boolean> {
  const meta = {
    [metaKeys.protocolVersion]: modernVersions[0],
    [metaKeys.clientInfo]: clientInfo,
    [metaKeys.clientCapabilities]: {},
  }
  const answer = await ask(child, ids, 'server/discover', { _meta: meta }, discoverTimeoutMs)
  const versions = resultOf(answer)?.['supportedVersions']
  if (Array.isArray(versions)) return versions.some((version) => modernVersions.includes(version as string))
  const code = (answer?.['error'] as { code?: unknown } | undefined)?.code
  return typeof code === 'number' && isModernCode(code)
}

async function initialize(child: StdioChild, ids: Ids): Promise<boolean> {
  const params = { protocolVersion: earlierVersions[0], capabilities: {}, clientInfo }
  const result = resultOf(await ask(child, ids, 'initialize', params, initializeTimeoutMs))
  const version = result?.['protocolVersion']
  if (result === undefined || typeof version !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(version)) return false
  child.initialized = result
  return child.tell({ method: 'notifications/initialized' })
}

/** The answer to a request of our own; undefined where none came in time. */
function ask(
  child: StdioChild,
  ids: Ids,
  method: string,
  params: Readonly<Record<string, unknown>>,
  timeoutMs: number,
): Promise<Record<string, unknown> | undefined> {
  const id = ids.take()
  return new Promise((resolve) => {
    const finish = (answer: Record<string, unknown> | undefined) => {
      clearTimeout(timer)
      child.pending.delete(id)
      resolve(answer)
    }
    const timer = setTimeout(() => finish(undefined), timeoutMs)
    const waiter: Waiter = {
      take: ({ envelope, text }: ChildMessage) => {
        if (envelope.kind === 'response') finish(parseObject(text))
      },
      lost: () => finish(undefined),
    }
    child.pending.set(id, waiter)
    if (child.endedBy !== undefined || !child.tell({ id, method, params })) finish(undefined)
  })
}

function resultOf(answer: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  const result = answer?.['result']
  return typeof result === 'object' && result !== null && !Array.isArray(result)
    ? (result as Record<string, unknown>)
    : undefined
}
