import { randomBytes } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Secret } from '../../src/secrets/secret.ts'
import {
  issue,
  openFolder,
  type Rig,
  type RigOptions,
  rootKeyOf,
  type Stores,
  secrets,
  sha256,
  startRig,
} from './rig.ts'

const insecure = { [oauth.allowInsecureRequests]: true } as const

async function start(options?: RigOptions): Promise<Rig> {
  const rig = await startRig(options)
  onTestFinished(async () => {
    expect(rig.faults).toEqual([])
    await rig.close()
  })
  return rig
}

async function folder() {
  const opened = await openFolder()
  onTestFinished(() => opened.remove())
  return opened
}

async function introspect(rig: Rig, token: string, client = 'ci-agent', secret = secrets.agent) {
  const response = await oauth.introspectionRequest(
    rig.as,
    { client_id: client },
    oauth.ClientSecretBasic(secret),
    token,
    insecure,
  )
  return oauth.processIntrospectionResponse(rig.as, { client_id: client }, response)
}

const revoke = (rig: Rig, token: string, client = 'ci-agent', secret = secrets.agent) =>
  oauth.revocationRequest(rig.as, { client_id: client }, oauth.ClientSecretBasic(secret), token, insecure)

test('introspection tells the owner of a token what it is for, and nobody else that it exists', async () => {
  const rig = await start()
  const { access_token } = await issue(rig, { resource: `${rig.url}/mcp/files`, scope: 'files:read' })
  const told = await introspect(rig, access_token)
  expect(told).toMatchObject({
    active: true,
    client_id: 'ci-agent',
    iss: rig.url,
    aud: `${rig.url}/mcp/files`,
    scope: 'files:read',
    token_type: 'Bearer',
  })
  expect(JSON.stringify(told)).not.toContain(access_token)
  expect(await introspect(rig, access_token, 'narrow agent:1', secrets.narrow)).toEqual({ active: false })
  expect(await introspect(rig, randomBytes(32).toString('base64url'))).toEqual({ active: false })
  await expect(introspect(rig, access_token, 'ci-agent', 'wrong')).rejects.toThrow()
})

test('threat 12: a revoked token is found no more, here and in introspection', async () => {
  const rig = await start()
  const { access_token } = await issue(rig)
  const other = await issue(rig)
  expect((await revoke(rig, access_token)).status).toBe(200)
  expect(await rig.server.lookup.find(sha256(access_token))).toBeUndefined()
  expect(await introspect(rig, access_token)).toEqual({ active: false })
  expect(await rig.server.lookup.find(sha256(other.access_token))).toBeDefined()
  // RFC 7009 section 2.2: a token that is not there is revoked already
  expect((await revoke(rig, access_token)).status).toBe(200)
})

test('threat 12: an operator revokes by the hash that the log shows', async () => {
  const rig = await start()
  const { access_token } = await issue(rig)
  await rig.server.revoke(sha256(access_token))
  expect(await rig.server.lookup.find(sha256(access_token))).toBeUndefined()
  await rig.server.revoke(sha256('no such token'))
})

test('a client cannot revoke the token of another', async () => {
  const rig = await start()
  const { access_token } = await issue(rig)
  const answer = await revoke(rig, access_token, 'narrow agent:1', secrets.narrow)
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }])
  expect((await revoke(rig, access_token, 'ci-agent', 'wrong')).status).toBe(401)
  expect(await rig.server.lookup.find(sha256(access_token))).toBeDefined()
})

test('a token ends with its ten minutes, to the second, and is swept from the store', async () => {
  const { stores } = await folder()
  const rig = await start({ stores })
  const { access_token } = await issue(rig)
  const key = sha256(access_token)
  rig.clock.aheadMs = 598_000
  expect(await rig.server.lookup.find(key)).toBeDefined()
  rig.clock.aheadMs = 600_000
  expect(await rig.server.lookup.find(key)).toBeUndefined()
  expect(await stores.oauth.find('ClientCredentials', key, 0)).toBeDefined()
  rig.clock.aheadMs = 602_000
  await issue(rig)
  await vi.waitFor(async () => expect(await stores.oauth.find('ClientCredentials', key, 0)).toBeUndefined())
})

test('tokens and keys outlive a restart, and two servers on one store agree', async () => {
  const { stores } = await folder()
  const url = 'https://mcp.example.com'
  const [first, second] = await Promise.all([start({ stores, url }), start({ stores, url })])
  const { access_token } = await issue(first, { resource: `${url}/mcp/files` })
  const found = await first.server.lookup.find(sha256(access_token))
  expect(found).toMatchObject({ issuer: url, audience: `${url}/mcp/files` })
  expect(await second.server.lookup.find(sha256(access_token))).toEqual(found)
  const restarted = await start({ stores, url })
  expect(await restarted.server.lookup.find(sha256(access_token))).toEqual(found)
  expect(await introspect(restarted, access_token)).toMatchObject({ active: true })

  const published = await Promise.all(
    [first, second, restarted].map(async (rig) => (await fetch(rig.as.jwks_uri ?? '')).text()),
  )
  expect(new Set(published).size).toBe(1)
  await second.server.revoke(sha256(access_token))
  expect(await first.server.lookup.find(sha256(access_token))).toBeUndefined()
})

test('threat 76: the wrong root key stops the start, and replaces nothing', async () => {
  const { stores } = await folder()
  await start({ stores })
  const before = await stores.sealed.get('default', 'oauth/signing-key')
  await expect(startRig({ stores, rootKey: rootKeyOf('another') })).rejects.toThrow()
  expect(await stores.sealed.get('default', 'oauth/signing-key')).toEqual(before)
  await start({ stores })
})

test('threat 77: a changed sealed key stops the start', async () => {
  const { stores } = await folder()
  await start({ stores })
  const flipped: Stores['sealed'] = {
    ...stores.sealed,
    async get(tenant, name) {
      const sealed = await stores.sealed.get(tenant, name)
      if (sealed !== undefined) sealed.ciphertext[20] = (sealed.ciphertext[20] ?? 0) ^ 1
      return sealed
    },
  }
  await expect(startRig({ stores: { ...stores, sealed: flipped } })).rejects.toThrow()
})

test('a token does not outlive its client, its scopes or its resource in the configuration', async () => {
  const { stores } = await folder()
  const url = 'https://mcp.example.com'
  const rig = await start({ stores, url })
  const { access_token } = await issue(rig, { resource: `${url}/mcp/files`, scope: 'files:read files:admin' })
  const client = {
    id: 'ci-agent',
    secret: new Secret(secrets.agent, 'a test'),
    grants: ['client_credentials'],
  } as const
  const narrowed = await start({ stores, url, clients: [{ ...client, scopes: ['files:read'] }] })
  expect(await narrowed.server.lookup.find(sha256(access_token))).toMatchObject({ scopes: ['files:read'] })
  const removed = await start({ stores, url, clients: [{ ...client, id: 'other', scopes: undefined }] })
  expect(await removed.server.lookup.find(sha256(access_token))).toBeUndefined()
  const elsewhere = await start({ stores, url: 'https://other.example.com' })
  expect(await elsewhere.server.lookup.find(sha256(access_token))).toBeUndefined()
})

test('two clients with one id, or an id that cannot be sent, are refused at the start', async () => {
  const client = {
    id: 'a',
    secret: new Secret('x'.repeat(24), 'a test'),
    grants: ['client_credentials'],
    scopes: undefined,
  } as const
  await expect(startRig({ clients: [client, client] })).rejects.toThrow('two clients have one id')
  await expect(startRig({ clients: [{ ...client, id: 'ä' }] })).rejects.toThrow('the client id')
})

test('threat 35: the files of the database hold no token, no client secret and no private key', async () => {
  const { stores, bytes } = await folder()
  const rig = await start({ stores })
  const { access_token } = await issue(rig)
  await introspect(rig, access_token)
  await revoke(rig, (await issue(rig)).access_token)
  const files = await bytes()
  expect(files.includes(sha256(access_token))).toBe(true)
  for (const secret of [access_token, secrets.agent, '"d":']) {
    for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      expect(files.includes(Buffer.from(secret).toString(encoding).slice(0, 32))).toBe(false)
    }
  }
})
