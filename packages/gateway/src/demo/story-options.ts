/** What a story is told with, and what is told of each act of it. */
import type { Entry } from '../audit/entry.ts'
import type { MakeClient, ToolCall } from './client.ts'
import type { HostileUpstream } from './hostile-upstream.ts'

/** One line of the table. */
export interface Act {
  readonly tried: string
  readonly times: number
  readonly happened: string
  /** It came out as it should. */
  readonly held: boolean
}

/** An upstream as the gateway knows it. */
export interface StoryUpstream {
  readonly name: string
  /** What the gateway presents to it; no client may ever get it. */
  readonly credential: string
}

export interface StoryOptions {
  /** Public origin of the gateway. */
  readonly gatewayUrl: string
  /** The server of `startHostileUpstream`. */
  readonly vendor: StoryUpstream & { readonly server: HostileUpstream }
  /** `url` is the upstream's own address, where a stolen token would be tried past the gateway. */
  readonly others: readonly (StoryUpstream & { readonly url: string; readonly call: ToolCall })[]
  /** `hostile-stdio.ts`, and what it has written down. */
  readonly stdio: StoryUpstream & { readonly recordings: () => readonly Buffer[] | Promise<readonly Buffer[]> }
  /** A fresh access token for an upstream's endpoint, from a real OAuth flow. */
  readonly getToken: (upstream: string) => Promise<string>
  readonly makeClient: MakeClient
  /** The whole log, oldest first. */
  readonly auditEntries: () => readonly Entry[] | Promise<readonly Entry[]>
  readonly sleep: (milliseconds: number) => Promise<unknown>
  /** Told of each act as it ends. */
  readonly onAct?: (act: Act) => void
}
