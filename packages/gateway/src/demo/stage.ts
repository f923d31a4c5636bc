/** The clients of the story and what is counted of their calls. */
import type { MadeCall } from './audit.ts'
import { type CallOutcome, clientKinds, type StoryClient, type ToolCall } from './client.ts'
import type { Act, StoryOptions } from './story-options.ts'

export interface Stage {
  readonly options: StoryOptions
  readonly acts: readonly Act[]
  readonly made: readonly MadeCall[]
  /** Names of upstreams that answered a call well. */
  readonly answered: ReadonlySet<string>
  /** The inbound tokens: one for each client, and so several for each upstream. */
  readonly tokens: readonly { readonly upstream: string; readonly token: string }[]
  act(tried: string, times: number, happened: string, held: boolean): void
  /** Calls once with each client of the upstream; `token` is the one that this client presents. */
  callWithEach(upstream: string, what: (token: string) => ToolCall): Promise<readonly CallOutcome[]>
  close(): Promise<void>
}

export async function openStage(options: StoryOptions): Promise<Stage> {
  const acts: Act[] = []
  const made: MadeCall[] = []
  const answered = new Set<string>()
  const connected: { readonly upstream: string; readonly token: string; readonly client: StoryClient }[] = []
  const close = async (): Promise<void> => {
    await Promise.allSettled(connected.map(({ client }) => client.close()))
  }

  try {
    for (const { name } of [options.vendor, ...options.others, options.stdio]) {
      for (const kind of clientKinds) {
        const token = await options.getToken(name)
        const client = await options.makeClient({ kind, url: `${options.gatewayUrl}/mcp/${name}`, token, paste: token })
        connected.push({ upstream: name, token, client })
        await client.list()
      }
    }
  } catch (error) {
    await close()
    throw error
  }

  return {
    options,
    acts,
    made,
    answered,
    tokens: connected.map(({ upstream, token }) => ({ upstream, token })),
    act(tried, times, happened, held) {
      const act = { tried, times, happened, held }
      acts.push(act)
      options.onAct?.(act)
    },
    async callWithEach(upstream, what) {
      const outcomes: CallOutcome[] = []
      for (const { client, token } of connected.filter((one) => one.upstream === upstream)) {
        const call = what(token)
        made.push({ upstream, tool: call.name })
        const outcome = await client.call(call)
        if (outcome.ok) answered.add(upstream)
        outcomes.push(outcome)
      }
      return outcomes
    },
    close,
  }
}
