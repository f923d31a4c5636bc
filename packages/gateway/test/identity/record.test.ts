import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { EntryFields } from '../../src/audit/entry.ts'
import { createOAuthRecorder } from '../../src/oauth-record.ts'
import type { Refusal } from '../../src/refusal.ts'
import { form, issue, type Rig, type RigOptions, raw, secrets, sha256, startRig } from './rig.ts'

async function start(options?: RigOptions): Promise<Rig> {
  const rig = await startRig(options)
  onTestFinished(() => rig.close())
  return rig
}

const grant = (rig: Rig, more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  resource: `${rig.url}/mcp/files`,
  ...more,
})

test('a token issued and revoked is recorded by its hash, once each', async () => {
  const rig = await start()
  const { access_token: token } = await issue(rig, { resource: `${rig.url}/mcp/files`, scope: 'files:read' })
  for (let again = 0; again < 2; again += 1) {
    expect((await raw(`${rig.url}/oauth/revoke`, form({ token }))).status).toBe(200)
  }
  const common = {
    client: 'ci-agent',
    sha256: sha256(token),
    resource: `${rig.url}/mcp/files`,
    scope: 'files:read',
    peer: '127.0.0.1',
    requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
  }
  expect(rig.events).toEqual([
    { ...common, kind: 'issued' },
    { ...common, kind: 'revoked' },
  ])
  expect(JSON.stringify(rig.events)).not.toContain(token)
})

test('no token is issued before its entry is durable', async () => {
  const durable = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const rig = await start({
    recording: () => {
      asked.resolve()
      return durable.promise
    },
  })
  let answered = false
  const answer = raw(`${rig.url}/oauth/token`, form(grant(rig))).then((sent) => {
    answered = true
    return sent
  })
  await asked.promise
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(answered).toBe(false)
  durable.resolve()
  expect((await answer).status).toBe(200)
})

test('a log that is unavailable: 503, no token, nothing stored', async () => {
  const hashes: string[] = []
  const rig = await start({
    recording: async (event) => {
      if (event.kind !== 'issued') return
      hashes.push(event.sha256)
      throw new Error('the disk is full')
    },
  })
  const answer = await raw(`${rig.url}/oauth/token`, form(grant(rig)))
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    503,
    { error: 'temporarily_unavailable', error_description: expect.stringContaining('not issued') },
  ])
  expect(hashes).toHaveLength(1)
  expect(await rig.server.lookup.find(hashes[0] ?? '')).toBeUndefined()
  expect(rig.events).toMatchObject([{ kind: 'refused', status: 503 }])
  expect(JSON.stringify(rig.faults)).toContain('the disk is full')
})

test('a log that is unavailable keeps no token alive', async () => {
  const rig = await start({
    recording: async (event) => {
      if (event.kind === 'revoked') throw new Error('the disk is full')
    },
  })
  const { access_token: token } = await issue(rig)
  expect((await raw(`${rig.url}/oauth/revoke`, form({ token }))).status).toBe(200)
  expect(await rig.server.lookup.find(sha256(token))).toBeUndefined()
  expect(JSON.stringify(rig.faults)).toContain('the disk is full')
})

test('every refusal is recorded with its error, and with nothing that the client made up', async () => {
  const rig = await start()
  const canary = randomBytes(12).toString('hex')
  const { access_token: foreign } = await issue(rig, undefined, 'narrow agent:1', secrets.narrow)
  rig.events.length = 0
  const ask = async (path: string, fields: Record<string, string>, id?: string, secret?: string) => {
    const { status } = await raw(`${rig.url}${path}`, form(fields, id, secret))
    return status
  }
  const token = '/oauth/token'
  const asked: readonly [number, string, string | undefined, Promise<number>][] = [
    [401, `${token}: invalid_client`, 'ci-agent', ask(token, grant(rig), 'ci-agent', canary)],
    [401, `${token}: invalid_client`, undefined, ask(token, grant(rig), canary, canary)],
    [400, `${token}: invalid_target`, undefined, ask(token, grant(rig, { resource: '' }))],
    [400, `${token}: invalid_target`, 'ci-agent', ask(token, grant(rig, { resource: `http://${canary}` }))],
    [400, `${token}: invalid_scope`, 'ci-agent', ask(token, grant(rig, { scope: canary }))],
    [400, `${token}: unsupported_grant_type`, 'ci-agent', ask(token, grant(rig, { grant_type: canary }))],
    [400, '/oauth/revoke: invalid_request', 'ci-agent', ask('/oauth/revoke', { token: foreign })],
    [400, `${token}: invalid_request`, undefined, ask(`${token}?x=${canary}`, grant(rig))],
    [404, 'another path: not_found', undefined, ask(`/oauth/${canary}`, grant(rig))],
  ]
  for (const [status, , , answer] of asked) expect(await answer).toBe(status)
  expect(rig.events).toHaveLength(asked.length)
  for (const [status, detail, client] of asked) {
    expect(rig.events).toContainEqual(
      expect.objectContaining({ kind: 'refused', status, client, detail: expect.stringContaining(detail) }),
    )
  }
  for (const secret of [canary, foreign, secrets.agent]) expect(JSON.stringify(rig.events)).not.toContain(secret)
})

test('guesses that are slowed down are recorded as such', async () => {
  const rig = await start()
  const guesses = Array.from({ length: 34 }, () => raw(`${rig.url}/oauth/token`, form(grant(rig), 'ci-agent', 'guess')))
  await Promise.all(guesses)
  const statuses = rig.events.map((event) => (event.kind === 'refused' ? event.status : 0))
  expect([statuses.filter((one) => one === 401).length, statuses.filter((one) => one === 429).length]).toEqual([32, 2])
})

test('what the log is given names no agent for a refusal, and the agent for a token', async () => {
  const refused: [Refusal, Partial<EntryFields>][] = []
  const appended: EntryFields[] = []
  const record = createOAuthRecorder(
    {
      refuse: (refusal, known) => refused.push([refusal, known]),
      append: async (fields) => {
        appended.push(fields)
        return { ...fields, v: 1, id: 'w-1', writer: 'w', seq: 1, at: '' }
      },
    },
    'https://mcp.example.com',
    'default',
  )
  const asking = { requestId: 'r', peer: '192.0.2.1', client: 'ci-agent' }
  for (const status of [401, 429, 500, 503, 400, 404]) await record({ ...asking, kind: 'refused', status, detail: 'x' })
  expect(refused.map(([{ reason }]) => reason)).toEqual([
    'client_invalid',
    'too_many',
    'internal',
    'log_unavailable',
    'oauth_refused',
    'oauth_refused',
  ])
  expect(refused[0]?.[0].detail).toBe('x; as "ci-agent"')
  expect(refused[0]?.[1]).toEqual({ requestId: 'r', tenant: 'default', peer: '192.0.2.1' })
  await record({ ...asking, kind: 'issued', sha256: 'ab', resource: 'https://mcp.example.com/mcp/a', scope: 'a:read' })
  expect(appended).toEqual([
    {
      kind: 'event',
      requestId: 'r',
      tenant: 'default',
      agent: { issuer: 'https://mcp.example.com', clientId: 'ci-agent' },
      status: 'issued',
      token: 'ab',
      detail: 'for https://mcp.example.com/mcp/a with a:read',
      peer: '192.0.2.1',
    },
  ])
})
