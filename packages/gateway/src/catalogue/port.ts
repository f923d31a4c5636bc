/** The tool catalogue: what each upstream's tools are, as learned from its lists and accepted by an operator. */
import type { JsonObject, JsonValue } from '../mcp/call.ts'

export type ToolState = 'accepted' | 'pending'

export interface ToolDefinition {
  readonly upstream: string
  readonly name: string
  /** SHA-256 over RFC 8785 of the whole definition as the upstream gave it, lower-case hex: the pin. */
  readonly hash: string
  readonly definition: JsonObject
  readonly state: ToolState
  /** Why it is pending: `changed`, or what is unacceptable about its schema. */
  readonly pendingReason: string | undefined
}

/** An accepted tool, ready for calls. */
export interface AcceptedTool extends ToolDefinition {
  readonly state: 'accepted'
  readonly readOnly: boolean
  readonly destructive: boolean
  /** Undefined where the arguments fit the input schema; else what does not, for the caller. Runs no backtracking regex. */
  validate(argument: JsonValue): string | undefined
  /** `x-mcp-header` parameters: header name (lower case, with `mcp-param-`) to the path of keys. */
  readonly headerParameters: ReadonlyMap<string, readonly string[]>
}

export interface Catalogue {
  /** False until this upstream's first list was learned. */
  knows(upstream: string): boolean
  accepted(upstream: string, name: string): AcceptedTool | undefined
  /** The newest pending definition under this name, where there is one. */
  pending(upstream: string, name: string): ToolDefinition | undefined
  acceptedTools(upstream: string): readonly AcceptedTool[]
  pendingTools(upstream: string): readonly ToolDefinition[]
  /**
   * Takes one page of `tools/list`: stores definitions never seen, accepts those first under their name whose schema is
   * acceptable. Returns for each tool of the page whether exactly that definition is accepted.
   * Bad definitions (no name, a name that confuses, over the size) are reported in `refused` and never stored.
   */
  learn(upstream: string, tools: readonly JsonValue[], complete: boolean): Promise<Learned>
  /**
   * `pin accept`, of a definition that is pending or was superseded. Undefined where it is the accepted one now; else
   * why it cannot be, for the operator.
   */
  accept(upstream: string, name: string, hash: string): Promise<string | undefined>
  /** Changes whenever an accepted definition does; keys what is computed from the catalogue. */
  readonly version: number
}

export interface Learned {
  readonly accepted: readonly AcceptedTool[]
  readonly pending: readonly ToolDefinition[]
  readonly refused: readonly { readonly name: string; readonly why: string }[]
  /** Definitions accepted just now, for the log. */
  readonly news: readonly AcceptedTool[]
}
