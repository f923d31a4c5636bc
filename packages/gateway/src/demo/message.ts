/** As much of MCP as a hostile server needs, in both eras; strictness is for those who have something to protect. */

export interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: unknown
}

export const modernVersion = '2026-07-28'
export const earlierVersion = '2025-11-25'
const versionKey = 'io.modelcontextprotocol/protocolVersion'

export function parseMessage(text: string): Message | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? (parsed as Message) : undefined
  } catch {
    return undefined
  }
}

/** 2026-07-28 carries its version in each request (Overview, General fields). */
export function isModern(message: Message): boolean {
  const meta = message.params?._meta
  return isObject(meta) && typeof meta[versionKey] === 'string'
}

export function toolOf(message: Message): string {
  return typeof message.params?.name === 'string' ? message.params.name : ''
}

export function responseTo(message: Message, result: Record<string, unknown>): string {
  const whole = isModern(message) ? { resultType: 'complete', ...result } : result
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, result: whole })
}

export function errorTo(message: Message, code: number, text: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code, message: text } })
}

export function textResult(text: string): Record<string, unknown> {
  return { content: [{ type: 'text', text }] }
}

/** The answers that are the same for every server here; undefined for `tools/call` and what is not known. */
export function answerPlainly(message: Message, name: string, tools: readonly Tool[]): string | undefined {
  const serverInfo = { name, version: '1.0.0' }
  const capabilities = { tools: {} }
  const cached = isModern(message) ? { ttlMs: 0, cacheScope: 'private' } : {}
  switch (message.method) {
    case 'initialize':
      return responseTo(message, { protocolVersion: earlierVersion, capabilities, serverInfo })
    case 'server/discover':
      if (!isModern(message)) return undefined
      return responseTo(message, {
        supportedVersions: [modernVersion],
        capabilities,
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
        ...cached,
      })
    case 'ping':
      return responseTo(message, {})
    case 'tools/list':
      return responseTo(message, { tools: tools.map(definitionOf), ...cached })
    default:
      return undefined
  }
}

export interface Tool {
  readonly name: string
  readonly description: string
}

/** Every tool takes a text and claims to be harmless. */
function definitionOf({ name, description }: Tool): Record<string, unknown> {
  return {
    name,
    description,
    inputSchema: { type: 'object', properties: { note: { type: 'string' } }, additionalProperties: false },
    annotations: { readOnlyHint: true },
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
