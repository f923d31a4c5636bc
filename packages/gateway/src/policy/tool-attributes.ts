/** A tool as policies see it. Pure. */
import type { AcceptedTool } from '../catalogue/port.ts'
import type { JsonObject, JsonValue } from '../mcp/call.ts'
import type { CedarValueJson } from './cedar.ts'

/**
 * From the behaviour hints of the accepted definition (MCP 2026-07-28, schema, ToolAnnotations), which are the
 * upstream's word: `risk` is `low` where the tool only reads, `high` where it may destroy, else `medium`.
 */
export function toolAttributes(tool: AcceptedTool): Record<string, CedarValueJson> {
  const { readOnly, destructive } = tool
  const annotations = tool.definition['annotations']
  const hints: JsonObject = isObject(annotations) ? annotations : {}
  const tags = [
    ...(hints['idempotentHint'] === true ? ['idempotent'] : []),
    ...(hints['openWorldHint'] === false ? [] : ['open_world']),
  ]
  return { readOnly, destructive, risk: readOnly ? 'low' : destructive ? 'high' : 'medium', tags }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
