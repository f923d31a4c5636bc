import {
  ClientCredentialsProvider,
  discoverAuthorizationServerMetadata,
  fetchToken,
} from '@modelcontextprotocol/client'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basic, form, issue, type Rig, raw, secrets, sha256, startRig } from './rig.ts'

const insecure = { [oauth.allowInsecureRequests]: true } as const
let rig: Rig

beforeAll(async () => {
  rig = await startRig()
})
afterAll(async () => {
  expect(rig.faults).toEqual([])
  await rig.close()
})

const errorOf = async (response: Response) => [response.status, ((await response.json()) as { error: string }).error]

test('the metadata says what is on, and each endpoint that it names answers', async () => {
  expect(rig.as).toMatchObject({
    issuer: rig.url,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: [],
  })
  const openid = await raw(`${rig.url}/.well-known/openid-configuration`, { method: 'GET' })
  expect(JSON.parse(openid.text)).toEqual(rig.as)
  for (const endpoint of [rig.as.token_endpoint, rig.as.introspection_endpoint, rig.as.revocation_endpoint]) {
    const answer = await raw(endpoint ?? '', form({}, 'ci-agent', 'wrong'))
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([
      endpoint === rig.as.token_endpoint ? 400 : 401,
      endpoint === rig.as.token_endpoint ? 'invalid_target' : 'invalid_client',
    ])
  }
  const keys = JSON.parse((await raw(rig.as.jwks_uri ?? '', { method: 'GET' })).text)
  expect(keys.keys).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })])
  expect(JSON.stringify(keys)).not.toContain('"d"')
})

test('the MCP SDK discovers it and obtains a token with its own client credentials provider', async () => {
  const metadata = await discoverAuthorizationServerMetadata(rig.url)
  if (metadata === undefined) throw new Error('nothing was discovered')
  const provider = new ClientCredentialsProvider({
    clientId: 'ci-agent',
    clientSecret: secrets.agent,
    expectedIssuer: rig.url,
  })
  const tokens = await fetchToken(provider, rig.url, {
    metadata,
    resource: new URL(`${rig.url}/mcp/files`),
    scope: 'files:read',
  })
  expect(await rig.server.lookup.find(sha256(tokens.access_token))).toMatchObject({
    clientId: 'ci-agent',
    scopes: ['files:read'],
  })
})

test('a token is opaque, for one audience, for ten minutes, and the lookup knows it by its hash alone', async () => {
  const token = await issue(rig, { resource: `${rig.url}/mcp/files`, scope: 'files:write mcp:list' })
  expect(token).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'files:write mcp:list' })
  expect(token.access_token).toMatch(/^[\w-]{43}$/)
  const found = await rig.server.lookup.find(sha256(token.access_token))
  expect(found).toEqual({
    issuer: rig.url,
    clientId: 'ci-agent',
    audience: `${rig.url}/mcp/files`,
    subject: undefined,
    groups: [],
    scopes: ['files:write', 'mcp:list'],
    expiresAt: expect.any(Number),
  })
  expect(Math.abs((found?.expiresAt ?? 0) - Date.now() / 1000 - 600)).toBeLessThan(5)
  expect(await rig.server.lookup.find(token.access_token)).toBeUndefined()
  expect(await rig.server.lookup.find(sha256(token.access_token).toUpperCase())).toBeUndefined()
})

test('client_secret_post works, and so do identifiers and secrets that need encoding', async () => {
  const post = await oauth.clientCredentialsGrantRequest(
    rig.as,
    { client_id: 'narrow agent:1' },
    oauth.ClientSecretPost(secrets.narrow),
    { resource: `${rig.url}/mcp/files` },
    insecure,
  )
  expect(post.status).toBe(200)
  expect(await issue(rig, { resource: `${rig.url}/mcp/files` }, 'narrow agent:1', secrets.narrow)).toMatchObject({
    scope: 'files:read mcp:list',
  })
})

test('without a scope the least that is useful is granted', async () => {
  expect(await issue(rig, { resource: `${rig.url}/mcp/vendor` })).toMatchObject({ scope: 'vendor:read mcp:list' })
  expect(await issue(rig, { resource: `${rig.url}/mcp/vendor`, scope: '' })).toMatchObject({
    scope: 'vendor:read mcp:list',
  })
})

test.each([
  ['a wrong secret', 'ci-agent', 'wrong'],
  ['a secret with a NUL behind it', 'ci-agent', `${secrets.agent}\0`],
  ['a prefix of the secret', 'ci-agent', secrets.agent.slice(0, -1)],
  ['the secret of another client', 'ci-agent', secrets.narrow],
  ['an unknown client', 'nobody', secrets.agent],
  ['a client by another case', 'CI-agent', secrets.agent],
])('%s is refused as invalid_client, with a challenge', async (_, client, secret) => {
  const answer = await raw(
    `${rig.url}/oauth/token`,
    form({ grant_type: 'client_credentials', resource: `${rig.url}/mcp/files` }, client, secret),
  )
  expect(JSON.parse(answer.text).error).toBe(secret.includes('\0') ? 'invalid_request' : 'invalid_client')
  if (!secret.includes('\0')) {
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/)
  }
  expect(answer.text + JSON.stringify(answer.headers)).not.toContain(secret)
})

test('threat 22: the resource is one endpoint, exactly, or invalid_target', async () => {
  const { url } = rig
  const origin = new URL(url)
  for (const resource of [
    '',
    url,
    `${url}/`,
    `${url}/mcp`,
    `${url}/mcp/`,
    `${url}/mcp/files/`,
    `${url}/mcp//files`,
    `${url}/mcp/./files`,
    `${url}/mcp/x/../files`,
    `${url}/mcp/Files`,
    `${url}/mcp/fil%65s`,
    `${url}/mcp/files?`,
    `${url}/mcp/files?a=b`,
    `${url}/mcp/files#`,
    `${url}/mcp/files `,
    `${url.toUpperCase()}/mcp/files`,
    `http://localhost:${origin.port}/mcp/files`,
    'https://other.example/mcp/files',
    `${url}/mcp/unknown`,
    `${url}/api/v1`,
    'mcp/files',
    'urn:files',
  ]) {
    expect([resource, ...(await errorOf(await rig.token({ resource })))]).toEqual([resource, 400, 'invalid_target'])
  }
  expect(await errorOf(await rig.token({}))).toEqual([400, 'invalid_target'])
  expect(await errorOf(await rig.token({ scope: 'files:read' }))).toEqual([400, 'invalid_target'])
})

test('two resources are refused, also twice the same', async () => {
  for (const second of ['vendor', 'files']) {
    const { headers, body } = form({ grant_type: 'client_credentials', resource: `${rig.url}/mcp/files` })
    const answer = await raw(`${rig.url}/oauth/token`, {
      headers,
      body: `${body}&resource=${encodeURIComponent(`${rig.url}/mcp/${second}`)}`,
    })
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'invalid_target'])
  }
})

test.each([
  ['of another upstream', 'vendor:read'],
  ['of another upstream beside a right one', 'files:read vendor:read'],
  ['in another case', 'FILES:READ'],
  ['in another case', 'files:Read'],
  ['a part of one', 'files'],
  ['omnibus', '*'],
  ['omnibus', 'files:*'],
  ['with more behind it', 'files:readwrite'],
  ['of OpenID', 'openid'],
  ['of refresh tokens', 'files:read offline_access'],
  ['with a tab', 'files:read\tfiles:write'],
  ['with two spaces', 'files:read  files:write'],
  ['with a space behind', 'files:read '],
  ['of a prototype', '__proto__'],
])('threat 20: a scope %s (%s) is invalid_scope', async (_, scope) => {
  expect(await errorOf(await rig.token({ resource: `${rig.url}/mcp/files`, scope }))).toEqual([400, 'invalid_scope'])
})

test('threats 20 and 49: a client gets no scope beyond its own, and no resource of which it may have none', async () => {
  const ask = (scope: string, upstream = 'files') =>
    rig.token({ resource: `${rig.url}/mcp/${upstream}`, scope }, 'narrow agent:1', secrets.narrow)
  expect((await ask('files:read files:write mcp:list')).status).toBe(200)
  expect(await errorOf(await ask('files:admin'))).toEqual([400, 'invalid_scope'])
  expect(await errorOf(await ask('files:read files:admin'))).toEqual([400, 'invalid_scope'])
  // `mcp:list` is a scope of every upstream, so this client may list the vendor's tools and no more
  expect(await errorOf(await ask('vendor:read', 'vendor'))).toEqual([400, 'invalid_scope'])
  expect((await ask('mcp:list', 'vendor')).status).toBe(200)
})

test.each([
  ['authorization_code', 'unsupported_grant_type'],
  ['refresh_token', 'unsupported_grant_type'],
  ['password', 'unsupported_grant_type'],
  ['implicit', 'unsupported_grant_type'],
  ['urn:ietf:params:oauth:grant-type:token-exchange', 'unsupported_grant_type'],
  ['Client_credentials', 'unsupported_grant_type'],
  ['__proto__', 'unsupported_grant_type'],
  ['', 'invalid_request'],
])('the grant `%s` is refused as %s', async (grant_type, error) => {
  const answer = await raw(`${rig.url}/oauth/token`, form({ grant_type, resource: `${rig.url}/mcp/files` }))
  expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, error])
})

test('threat 49: nothing that could be refreshed is issued', async () => {
  const token = await issue(rig)
  expect(Object.keys(token).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
})

test('credentials by two mechanisms, in the URL or for another client are refused', async () => {
  const token = `${rig.url}/oauth/token`
  const fields = { grant_type: 'client_credentials', resource: `${rig.url}/mcp/files` }
  for (const answer of [
    await raw(token, form({ ...fields, client_id: 'ci-agent', client_secret: secrets.agent })),
    await raw(token, form({ ...fields, client_id: 'nobody' })),
    await raw(`${token}?client_id=ci-agent&client_secret=${secrets.agent}`, { ...form(fields) }),
    await raw(token, {
      ...form(fields),
      headers: { ...form(fields).headers, authorization: [basic('ci-agent', secrets.agent), basic('nobody', 'x')] },
    }),
  ]) {
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'invalid_request'])
  }
})
