/** Real clients through both doors to real servers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, connectEarlier } from '../harness/clients.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { filesystemUpstream, type RunningUpstream, startEverything, startSample } from '../harness/upstreams.ts'

const sampleKey = 'sample-key-0123456789abcdef'
let everything: RunningUpstream
let sample: RunningUpstream
let gateway: RunningGateway
let documents: string

beforeAll(async () => {
  documents = await mkdtemp(path.join(tmpdir(), 'sallyport-docs-'))
  await writeFile(path.join(documents, 'hello.txt'), 'hello from a file')
  ;[everything, sample] = await Promise.all([startEverything(), startSample(sampleKey)])
  gateway = await startGateway({
    upstreams: [
      { name: 'everything', url: everything.url },
      { name: 'sample', url: sample.url, credentials: { type: 'bearer', token: { secret: sampleKey } } },
      filesystemUpstream('files', documents),
    ],
  })
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([everything?.stop(), sample?.stop()])
  await rm(documents, { recursive: true, force: true })
})

test('a modern client and the modern sample server: discover, list, call', async () => {
  const client = await connect(gateway.endpoint('sample'), await gateway.token('sample'))
  const { tools } = await client.listTools()
  expect(tools.map((tool) => tool.name)).toContain('echo')
  const result = await client.callTool({ name: 'echo', arguments: { text: 'through both doors' } })
  expect(JSON.stringify(result.content)).toContain('through both doors')
  await client.close()
})

test('a dual-era client falls back to the earlier era for an earlier upstream', async () => {
  const client = await connect(gateway.endpoint('everything'), await gateway.token('everything'))
  const { tools } = await client.listTools()
  expect(tools.map((tool) => tool.name)).toContain('echo')
  const result = await client.callTool({ name: 'echo', arguments: { message: 'fallen back' } })
  expect(JSON.stringify(result.content)).toContain('fallen back')
  await client.close()
})

test('an earlier client and an earlier upstream: session, progress events, resources, prompts', async () => {
  const client = await connectEarlier(gateway.endpoint('everything'), await gateway.token('everything'))
  const progress: number[] = []
  const result = await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } },
    undefined,
    {
      onprogress: (update) => progress.push(update.progress),
    },
  )
  expect(JSON.stringify(result.content)).toContain('completed')
  expect(progress).toEqual([1, 2, 3, 4])
  const { resources } = await client.listResources()
  expect(resources.length).toBeGreaterThan(0)
  const { prompts } = await client.listPrompts()
  expect(prompts.length).toBeGreaterThan(0)
  await client.close()
})

test('a stdio upstream, one child for the principal', async () => {
  const client = await connectEarlier(gateway.endpoint('files'), await gateway.token('files'))
  const result = await client.callTool({
    name: 'read_text_file',
    arguments: { path: path.join(documents, 'hello.txt') },
  })
  expect(JSON.stringify(result.content)).toContain('hello from a file')
  await client.close()
})

test('every call has an intent and an outcome, and names the agent and the credential', async () => {
  const client = await connect(gateway.endpoint('sample'), await gateway.token('sample'))
  await client.callTool({ name: 'echo', arguments: { text: 'audited' } })
  await client.close()
  const intents = gateway
    .audit()
    .filter((entry) => entry.kind === 'intent' && entry.tool === 'echo' && entry.upstream === 'sample')
  const intent = intents.at(-1)
  expect(intent).toMatchObject({
    agent: { clientId: 'agent', issuer: gateway.url },
    decision: 'allow',
    credential: { type: 'bearer' },
  })
  const [outcome] = await gateway.auditWhere((entry) => entry.kind === 'outcome' && entry.of === intent?.id)
  expect(outcome?.status).toBe('ok')
  expect(
    gateway
      .audit()
      .map((entry) => JSON.stringify(entry))
      .join(''),
  ).not.toContain(sampleKey)
})
