/** What the story needs of an MCP client; `clients.ts` makes real ones. */

/** `sdk2-modern` speaks 2026-07-28, the others 2025-11-25; `sdk1` is the SDK that most agents still run on. */
export type ClientKind = 'sdk2-modern' | 'sdk2-earlier' | 'sdk1'

export const clientKinds: readonly ClientKind[] = ['sdk2-modern', 'sdk2-earlier', 'sdk1']

export interface ToolCall {
  readonly name: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly _meta?: Readonly<Record<string, unknown>>
}

export interface CallOutcome {
  /** A result that is no error came back. */
  readonly ok: boolean
  /** Sallyport's code of a refusal (2001 to 2009), where one stands in the answer. */
  readonly code: number | undefined
  /** Every byte of every answer that the client got during this call, headers included. */
  readonly received: Buffer
}

export interface StoryClient {
  /** Names of the tools. */
  list(): Promise<readonly string[]>
  call(call: ToolCall): Promise<CallOutcome>
  close(): Promise<void>
}

export interface ClientOptions {
  readonly kind: ClientKind
  readonly url: string
  readonly token: string
  /** What a person, or a model, who falls for it gives to a server that asks. */
  readonly paste: string
}

/** Connects. @throws where the handshake fails. */
export type MakeClient = (options: ClientOptions) => Promise<StoryClient>
