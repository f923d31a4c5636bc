/** `_meta` by allow-list: what is not here never passes, above all `traceparent`, `tracestate` and `baggage`. */
import type { JsonObject, JsonValue } from './call.ts'
import { isId, isObject } from './message.ts'

export const metaKeys = {
  progressToken: 'progressToken',
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

export const logLevels: readonly JsonValue[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

const isVersion = (value: JsonValue) => typeof value === 'string' && value.length <= 64

const allowed: readonly (readonly [key: string, accepts: (value: JsonValue) => boolean])[] = [
  [metaKeys.progressToken, isId],
  [metaKeys.protocolVersion, isVersion],
  [metaKeys.clientInfo, isObject],
  [metaKeys.clientCapabilities, isObject],
  [metaKeys.logLevel, (value) => logLevels.includes(value)],
  [metaKeys.subscriptionId, isId],
]

/**
 * The allowed keys of a message's `_meta` (MCP 2026-07-28, Overview, General fields), or which of them is malformed.
 * @param meta `params._meta` as it came.
 */
export function readMeta(meta: JsonValue | undefined): { readonly meta: JsonObject } | { readonly fault: string } {
  if (meta === undefined) return { meta: {} }
  if (!isObject(meta)) return { fault: '`_meta` is not an object' }
  const kept: JsonObject = {}
  for (const [key, accepts] of allowed) {
    const value = meta[key]
    if (value === undefined) continue
    if (!accepts(value)) return { fault: `\`_meta\` has a malformed \`${key}\`` }
    kept[key] = value
  }
  return { meta: kept }
}
