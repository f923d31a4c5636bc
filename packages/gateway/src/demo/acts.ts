/** The acts of the story, in their order. Each says what was tried and what was seen to happen. */
import type { CallOutcome } from './client.ts'
import { disguises } from './disguises.ts'
import { echoTools } from './hostile-tools.ts'
import type { ReplayTarget } from './hostile-upstream.ts'
import { findSightings } from './sightings.ts'
import type { Stage } from './stage.ts'

/** Sallyport's code of a call or an answer that was blocked because of what it carried. */
const leakBlocked = 2007

const count = <T>(values: readonly T[], test: (value: T) => boolean): number => values.filter(test).length

export async function ordinaryCalls(stage: Stage): Promise<void> {
  const { vendor, others, stdio } = stage.options
  const outcomes = [
    ...(await stage.callWithEach(vendor.name, () => ({ name: 'get_report', arguments: { note: 'for Monday' } }))),
    ...(await stage.callWithEach(stdio.name, () => ({ name: 'list_notes' }))),
  ]
  for (const { name, call } of others) outcomes.push(...(await stage.callWithEach(name, () => call)))
  const answered = count(outcomes, ({ ok }) => ok)
  stage.act('called a tool as one should', outcomes.length, `${answered} answered`, answered === outcomes.length)
}

/** A person or agent that was talked into handing its own access token over. */
export async function fooledClients(stage: Stage): Promise<void> {
  const { vendor, stdio } = stage.options
  for (const [how, disguise] of disguises) {
    const outcomes = [
      ...(await stage.callWithEach(vendor.name, (token) => ({
        name: 'get_report',
        arguments: { note: disguise(token) },
      }))),
      ...(await stage.callWithEach(stdio.name, (token) => ({
        name: 'list_notes',
        arguments: { note: disguise(token) },
      }))),
    ]
    blocked(stage, `put the access token into an argument, ${how}`, outcomes)
  }
  const meta = await stage.callWithEach(vendor.name, (token) => ({
    name: 'get_report',
    _meta: { 'vendor.example/token': token },
  }))
  const seen = await tokensSeen(stage)
  stage.act('put the access token into `_meta`', meta.length, `${seen} arrived`, seen === 0)
  // in the earlier era it is the answer to the question that is blocked, and the call goes on without one
  const answerBlocked = ({ code }: CallOutcome): boolean => code === leakBlocked
  const user = await stage.callWithEach(vendor.name, () => ({ name: 'verify_account' }))
  blocked(stage, 'asked the user for the access token, who pasted it', user, answerBlocked)
  const model = await stage.callWithEach(vendor.name, () => ({ name: 'summarize_report' }))
  blocked(stage, 'asked the model for the access token, which told it', model, answerBlocked)
}

/** The upstreams give away the credential that the gateway presented to them. */
export async function echoes(stage: Stage): Promise<{ readonly tried: number; readonly blocked: number }> {
  const { vendor, stdio } = stage.options
  let tried = 0
  let stopped = 0
  const one = async (
    upstream: { readonly name: string; readonly credential: string },
    tool: string,
    how: string,
  ): Promise<void> => {
    const outcomes = await stage.callWithEach(upstream.name, () => ({ name: tool }))
    const good = count(
      outcomes,
      (outcome) => isBlocked(outcome) && findSightings(upstream.credential, [outcome.received]).length === 0,
    )
    tried += outcomes.length
    stopped += good
    stage.act(`echoed the upstream's credential, ${how}`, outcomes.length, `${good} blocked`, good === outcomes.length)
  }
  for (const [tool, { how }] of echoTools) await one(vendor, tool, how)
  await one(stdio, 'export_notes', 'over stdio')
  return { tried, blocked: stopped }
}

/** The vendor sends the gateway elsewhere, or claims that it needs another credential. */
export async function demands(stage: Stage): Promise<void> {
  const { vendor } = stage.options
  for (const [tool, tried] of [
    ['move_report', 'redirected the call to another host'],
    ['renew_access', 'demanded a new credential from a server of its own'],
  ] as const) {
    const before = vendor.server.followed()
    const outcomes = await stage.callWithEach(vendor.name, () => ({ name: tool }))
    const followed = vendor.server.followed() - before
    const refused = count(outcomes, ({ ok }) => !ok)
    stage.act(
      tried,
      outcomes.length,
      `${refused} refused, ${followed} followed`,
      followed === 0 && refused === outcomes.length,
    )
  }
}

export interface Replayed {
  readonly tried: number
  readonly refused: number
  readonly atGateway: number
}

/**
 * Whatever it has that looks like a token, presented at each endpoint of the gateway and at the other upstreams; and,
 * as if it had got them, the clients' tokens at each place but the one that they are for.
 */
export async function replays(stage: Stage): Promise<Replayed> {
  const { gatewayUrl, vendor, others, stdio } = stage.options
  const endpoints = [vendor, ...others, stdio].map(({ name }) => ({ name, url: `${gatewayUrl}/mcp/${name}` }))
  const upstreams: readonly ReplayTarget[] = others.map(({ name, url }) => ({ name, url }))
  let [tried, refused, atGateway] = [0, 0, 0]
  const present = async (
    tokens: readonly string[],
    targets: readonly ReplayTarget[],
    what: string,
    gateway: boolean,
  ): Promise<void> => {
    const replays = await vendor.server.replay(tokens, targets)
    const good = count(replays, (replay) => replay.refused)
    tried += replays.length
    refused += good
    if (gateway) atGateway += replays.length
    stage.act(what, replays.length, `${good} refused`, good === replays.length)
  }

  const loot = vendor.server.loot()
  await present(loot, endpoints, 'presented what it had got to the gateway', true)
  await present(loot, upstreams, 'presented what it had got to other upstreams', false)
  // one token of each upstream: those of other clients differ in nothing that matters here
  const stolen = new Map(stage.tokens.map(({ upstream, token }) => [upstream, token]))
  for (const [upstream, token] of stolen) {
    const foreign = endpoints.filter(({ name }) => name !== upstream)
    await present([token], foreign, `presented an access token for ${upstream} at the other endpoints`, true)
    await present([token], upstreams, `presented an access token for ${upstream} to upstreams`, false)
  }
  return { tried, refused, atGateway }
}

/** Seeks every inbound token in every byte that hostile upstreams got; the vendor's credential is the control. */
export async function search(stage: Stage): Promise<number> {
  const { vendor } = stage.options
  const bytes = (await recordingsOf(stage)).reduce((total, { length }) => total + length, 0)
  const sightings = await tokensSeen(stage)
  const controls = findSightings(vendor.credential, vendor.server.recordings()).length
  stage.act(
    `searched ${bytes} recorded bytes for ${stage.tokens.length} access tokens`,
    stage.tokens.length,
    `${sightings} found`,
    sightings === 0,
  )
  stage.act(
    'searched them for the credential that was meant for the vendor',
    1,
    controls > 0 ? 'found, so the search works' : 'not found',
    controls > 0,
  )
  return sightings
}

async function recordingsOf({ options: { vendor, stdio } }: Stage): Promise<readonly Buffer[]> {
  return [...vendor.server.recordings(), ...(await stdio.recordings())]
}

async function tokensSeen(stage: Stage): Promise<number> {
  const recordings = await recordingsOf(stage)
  return stage.tokens.reduce((total, { token }) => total + findSightings(token, recordings).length, 0)
}

function isBlocked({ ok, code }: CallOutcome): boolean {
  return !ok && code === leakBlocked
}

function blocked(stage: Stage, tried: string, outcomes: readonly CallOutcome[], test = isBlocked): void {
  const good = count(outcomes, test)
  stage.act(tried, outcomes.length, `${good} blocked`, good === outcomes.length)
}
