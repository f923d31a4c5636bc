import type { fromJsonSchema, JsonSchemaType, ToolCallback } from '@modelcontextprotocol/server'

type Arguments = Record<string, string>

export interface Tool {
  readonly description: string
  /** An object without members where it is left out. */
  readonly inputSchema?: JsonSchemaType
  readonly run: ToolCallback<ReturnType<typeof fromJsonSchema<Arguments>>>
}

/** The schema of an object with these members, all strings. */
export function strings(...names: readonly string[]) {
  return {
    type: 'object' as const,
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    required: [...names],
  }
}

export function say(text: string) {
  return { content: [{ type: 'text' as const, text }] }
}
