import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Entry } from '../../src/audit/entry.ts'
import { examineAudit } from '../../src/demo/audit.ts'
import { makeClient } from '../../src/demo/clients.ts'
import { runStory, type Story } from '../../src/demo/story.ts'
import { renderStory } from '../../src/demo/table.ts'
import { startLeakyGateway } from './leaky-gateway.ts'
import { startSample, startVendor } from './rig.ts'

const secret = () => randomBytes(32).toString('base64url')

test('of a gateway that passes tokens on, the story tells that it does', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-demo-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const record = path.join(folder, 'record')
  const [vendorKey, sampleKey, notesKey] = [secret(), secret(), secret()]
  const [server, sample] = await Promise.all([startVendor(vendorKey), startSample(sampleKey)])
  const upstreams = [
    { name: 'vendor', url: server.url, credential: vendorKey },
    { name: 'sample', url: sample.url, credential: sampleKey },
  ]
  const gatewayUrl = await startLeakyGateway(upstreams, record, notesKey)
  const { figures, acts } = await runStory({
    gatewayUrl,
    vendor: { name: 'vendor', credential: vendorKey, server },
    others: [{ name: 'sample', credential: sampleKey, url: sample.url, call: { name: 'list_invoices' } }],
    stdio: { name: 'notes', credential: notesKey, recordings: async () => [await readFile(record)] },
    getToken: async () => secret(),
    makeClient,
    auditEntries: () => [],
    sleep: () => sleep(1),
  })
  expect(figures).toMatchObject({ upstreams: 3, echoesBlocked: 0, auditEntries: 0, auditComplete: false })
  expect(figures.calls).toBeGreaterThan(60)
  expect(figures.echoesTried).toBe(18)
  expect(figures.inboundTokenSightings).toBeGreaterThan(figures.calls / 2)
  expect(figures.replaysRefused).toBeLessThan(figures.replaysTried)
  expect(acts[0]).toMatchObject({ held: true, happened: '9 answered' })
  const broken = acts.filter(({ held }) => !held).map(({ tried }) => tried)
  expect(broken).toContain('put the access token into an argument, in hexadecimal')
  expect(broken).toContain('asked the user for the access token, who pasted it')
  expect(broken).toContain('presented what it had got to the gateway')
  // the sample server has a credential of its own, which is why stolen tokens are worth nothing there
  expect(broken).not.toContain('presented what it had got to other upstreams')
  expect(broken.some((tried) => tried.startsWith('redirected'))).toBe(true)
}, 60_000)

const entry = (seq: number, fields: Partial<Entry>): Entry => ({
  v: 1,
  id: `w-${seq}`,
  writer: 'w',
  seq,
  at: '2026-11-20T00:00:00.000Z',
  kind: 'intent',
  requestId: `r-${seq}`,
  tenant: 'default',
  ...fields,
})
const call = { method: 'tools/call', upstream: 'vendor', tool: 'get_report' } as const
const whole = [
  entry(1, { kind: 'event' }),
  entry(2, { ...call, kind: 'intent' }),
  entry(3, { ...call, kind: 'outcome', of: 'w-2', status: 'ok' }),
  entry(4, { kind: 'refusal', status: 'token_audience' }),
  entry(5, { ...call, kind: 'refusal', status: 'not_permitted' }),
]
const expected = { calls: [call, call], gatewayReplays: 3 }

test('a log with everything in it is complete', () => {
  expect(examineAudit(whole, expected)).toEqual({ entries: 5, complete: true, missing: '' })
})

test.each([
  ['an entry that was cut out', whole.filter(({ seq }) => seq !== 3), 'entry w-4 does not follow 2'],
  ['a first entry that was cut off', whole.slice(1), 'entry w-2 does not follow 0'],
  ['an intent without an outcome', whole.slice(0, 2), 'intent w-2 has 0 outcomes'],
  ['an intent with two', [...whole, entry(6, { kind: 'outcome', of: 'w-2' })], 'intent w-2 has 2 outcomes'],
  ['a call that is not there', whole.slice(0, 4), 'vendor/get_report was called 2 times and recorded 1 times'],
  [
    'no refusal of a token',
    whole.toSpliced(3, 1, entry(4, { kind: 'event' })),
    'no refusal of a replayed token is recorded',
  ],
])('%s is missed', (_, entries, missing) => {
  expect(examineAudit(entries, expected)).toEqual({ entries: entries.length, complete: false, missing })
})

test('the table reads well', () => {
  const story: Story = {
    acts: [
      { tried: 'called a tool as one should', times: 9, happened: '9 answered', held: true },
      { tried: 'echoed it', times: 12, happened: '11 blocked', held: false },
    ],
    figures: {
      calls: 21,
      upstreams: 3,
      inboundTokenSightings: 0,
      replaysTried: 40,
      replaysRefused: 40,
      echoesTried: 12,
      echoesBlocked: 11,
      auditEntries: 99,
      auditComplete: true,
    },
  }
  expect(renderStory(story)).toBe(
    `What was tried               Times  What happened
---------------------------  -----  -------------  ------
called a tool as one should      9  9 answered     held
echoed it                       12  11 blocked     BROKEN

21 calls to 3 upstreams: clients' access tokens were seen 0 times beyond the gateway.
40 of 40 replays were refused, 11 of 12 echoes of a credential were blocked.
99 entries in the log, nothing missing.
`,
  )
})
