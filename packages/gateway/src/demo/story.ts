/**
 * The story of the compromised vendor: real clients call through the gateway, one upstream does all that it can with
 * what it gets, and everything is counted as it happens.
 */
import { demands, echoes, fooledClients, ordinaryCalls, replays, search } from './acts.ts'
import { examineAudit } from './audit.ts'
import { openStage } from './stage.ts'
import type { Act, StoryOptions } from './story-options.ts'

/** The last line of `sallyport demo --json`; every figure is measured. */
export interface DemoFigures {
  /** Tool calls that clients made through the gateway. */
  readonly calls: number
  /** Upstreams that answered at least one of them. */
  readonly upstreams: number
  readonly inboundTokenSightings: number
  readonly replaysTried: number
  readonly replaysRefused: number
  readonly echoesTried: number
  readonly echoesBlocked: number
  readonly auditEntries: number
  readonly auditComplete: boolean
}

export interface Story {
  readonly figures: DemoFigures
  readonly acts: readonly Act[]
}

/** Outcomes are written after their answers, so the log is given this long to catch up. */
const auditPatience = { times: 50, milliseconds: 100 }

/** @throws where a client cannot connect or list: then there is no story to tell. Closes its clients, and nothing else. */
export async function runStory(options: StoryOptions): Promise<Story> {
  const stage = await openStage(options)
  try {
    await ordinaryCalls(stage)
    await fooledClients(stage)
    const echoed = await echoes(stage)
    await demands(stage)
    const replayed = await replays(stage)
    await stage.close() // streams that clients hold open have no outcome yet
    const sightings = await search(stage)

    const expected = { calls: stage.made, gatewayReplays: replayed.atGateway }
    let audit = examineAudit(await options.auditEntries(), expected)
    for (let time = 0; time < auditPatience.times && !audit.complete; time += 1) {
      await options.sleep(auditPatience.milliseconds)
      audit = examineAudit(await options.auditEntries(), expected)
    }
    stage.act(
      'looked for every call and attempt in the log',
      audit.entries,
      audit.complete ? 'all there' : audit.missing,
      audit.complete,
    )

    return {
      acts: stage.acts,
      figures: {
        calls: stage.made.length,
        upstreams: stage.answered.size,
        inboundTokenSightings: sightings,
        replaysTried: replayed.tried,
        replaysRefused: replayed.refused,
        echoesTried: echoed.tried,
        echoesBlocked: echoed.blocked,
        auditEntries: audit.entries,
        auditComplete: audit.complete,
      },
    }
  } finally {
    await stage.close()
  }
}
