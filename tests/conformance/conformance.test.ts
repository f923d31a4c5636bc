/**
 * The MCP conformance suite against a server, and against the gateway in front of that server: what a client may expect
 * of the one holds of the other. Client and upstream speak the same revision.
 */
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startConformanceServer } from '../harness/conformance-server.ts'
import { type RunningGateway, repository, startGateway } from '../harness/gateway.ts'
import { startTokenShim, type TokenShim } from '../harness/token-shim.ts'
import type { RunningUpstream } from '../harness/upstreams.ts'
import { type Findings, failed, passes, requiredOf, runSuite } from './suite.ts'

/** How the gateway reaches the server; also the upstream's name. */
const transports = ['http', 'stdio'] as const
type Transport = (typeof transports)[number]

const noQuestions =
  'a child outlives sessions, so it is initialized by the gateway, which declares no client capability and answers its requests with -32601'

/** What passes directly and not through the gateway, by design, and why. */
const differences: Readonly<Record<string, Readonly<Record<Transport, Readonly<Record<string, string>>>>>> = {
  '2026-07-28': { http: {}, stdio: {} },
  '2025-11-25': {
    http: {},
    stdio: {
      'tools-call-sampling': noQuestions,
      'tools-call-elicitation': noQuestions,
      'elicitation-sep1034-defaults': noQuestions,
      'elicitation-sep1330-enums': noQuestions,
      'server-sse-multiple-streams': 'a child that only answers gets its answer relayed as JSON, not as a stream',
      'server-sse-polling': 'stdio has no event ids, so there is no stream to resume',
    },
  },
}

let server: RunningUpstream
let gateway: RunningGateway
const shims = new Map<Transport, TokenShim>()

beforeAll(async () => {
  server = await startConformanceServer()
  const child = path.join(repository, 'tests', 'harness', 'conformance-child.ts')
  gateway = await startGateway({
    upstreams: [
      { name: 'http', url: server.url },
      { name: 'stdio', command: process.execPath, args: [child] },
    ],
  })
  for (const name of transports)
    shims.set(name, await startTokenShim(gateway.endpoint(name), await gateway.token(name)))
})

afterAll(async () => {
  await Promise.all([...shims.values()].map((shim) => shim.stop()))
  await gateway?.stop()
  await server?.stop()
})

test.each([
  ['2026-07-28', 37],
  ['2025-11-25', 30],
])('%s', { timeout: 170_000 }, async (revision, count) => {
  const required = await requiredOf(revision)
  expect(required).toHaveLength(count)
  const direct = await runSuite(server.url, revision)
  const scores = [`directly ${score(required, direct)}`]
  expect(required.filter((scenario) => !passes(direct.get(scenario)))).toEqual([])
  // Not required, and neither the server nor the gateway has tasks. All else that is not required passes too.
  expect([...direct].filter(([scenario, verdicts]) => failed(verdicts) && !scenario.startsWith('tasks-'))).toEqual([])

  for (const name of transports) {
    const before = intents(name)
    const through = await runSuite(shims.get(name)?.url ?? '', revision)
    expect(intents(name), 'intents in the log').toBeGreaterThan(before)
    scores.push(`through the gateway over ${name} ${score(required, through)}`)
    expect.soft(changed(direct, through), name).toEqual(Object.keys(differences[revision]?.[name] ?? {}).sort())
  }
  console.log(`conformance ${revision}: ${scores.join(', ')}`)
})

/** The scenarios that pass directly and in which some check came out otherwise, be it a warning. */
function changed(direct: Findings, through: Findings): string[] {
  return [...direct]
    .filter(([, verdicts]) => !failed(verdicts))
    .filter(([scenario, verdicts]) => verdicts.join() !== through.get(scenario)?.join())
    .map(([scenario]) => scenario)
    .sort()
}

/** How often the log has a call of a tool that the suite calls. */
function intents(upstream: Transport): number {
  return gateway
    .audit()
    .filter((entry) => entry.kind === 'intent' && entry.tool === 'test_simple_text' && entry.upstream === upstream)
    .length
}

function score(required: readonly string[], findings: Findings): string {
  return `${required.filter((scenario) => passes(findings.get(scenario))).length}/${required.length}`
}
