/** Refusals by scope, policy, pin and the embedded authorization server, over the wire: status, code, request id, entry. */
import { hash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { captureTools } from '../harness/capture.ts'
import { call, expectRefused, gateway, tool, tools, upstream } from './refusals-rig.ts'

describe('scope', () => {
  test('a scope that is missing where policy would allow: 403 insufficient_scope with all that is needed', async () => {
    const [writeToken] = [await gateway.token('vendor', { scope: 'mcp:list' })]
    const answer = await call({ token: writeToken })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(answer.headers['www-authenticate']).toContain('vendor:read')
  })

  test('where policy would not allow either, policy speaks', async () => {
    await expectRefused(
      await call({
        token: await gateway.token('vendor', { client: 'reader', scope: 'vendor:read mcp:list' }),
        ...tool('drop', {}),
      }),
      200,
      2001,
      'not_permitted',
    )
  })

  test('threat 20: a scope that the client may not have is not given', async () => {
    await expect(gateway.token('vendor', { client: 'reader', scope: 'vendor:write' })).rejects.toThrow('invalid_scope')
    await expect(gateway.token('vendor', { client: 'reader', scope: 'VENDOR:read' })).rejects.toThrow('invalid_scope')
  })
})

describe('policy', () => {
  test('2001: no policy permits it', async () => {
    await expectRefused(await call(tool('drop', {})), 200, 2001, 'not_permitted')
  })

  test('2002: an approval is needed', async () => {
    await expectRefused(await call(tool('pay', { amount: 10 })), 200, 2002, 'approval_needed')
  })

  test('an argument decides', async () => {
    await expectRefused(await call(tool('pay', { amount: 5000 })), 200, 2001, 'not_permitted')
  })

  test('threat 59: arguments outside the schema', async () => {
    await expectRefused(await call(tool('pay', { amount: 'ten' })), 200, -32602, 'arguments_invalid')
    await expectRefused(await call(tool('pay', {})), 200, -32602, 'arguments_invalid')
  })

  test('an unknown tool', async () => {
    await expectRefused(await call(tool('nothing', {})), 200, -32602, 'tool_unknown')
  })

  test('lists show what some argument could allow, and no more', async () => {
    const answer = await call({ method: 'tools/list', name: undefined, params: {} })
    const { result } = JSON.parse(answer.body) as { result: { tools: { name: string }[]; cacheScope: string } }
    expect(result.tools.map(({ name }) => name)).toEqual(['echo', 'pay'])
    expect(result.cacheScope).toBe('private')
  })

  test('threat 63: resources and prompts are no way around', async () => {
    await expectRefused(
      await call({ method: 'resources/read', name: 'file:///x', params: { uri: 'file:///x' } }),
      200,
      2001,
      'not_permitted',
    )
    await expectRefused(
      await call({ method: 'prompts/get', name: 'p', params: { name: 'p' } }),
      200,
      2001,
      'not_permitted',
    )
  })
})

describe('the embedded authorization server', () => {
  const ask = (secret: string, form: Record<string, string>, path = '/oauth/token') =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { authorization: `Basic ${Buffer.from(`reader:${secret}`).toString('base64')}` },
    })
  const grant = (resource: string) => ({ grant_type: 'client_credentials', resource })

  test('a token issued and revoked is in the log by its hash', async () => {
    const issued = await gateway.token('vendor', { client: 'reader', scope: 'vendor:read' })
    const sha256 = hash('sha256', issued)
    // durable before it is answered: looked for once
    expect(gateway.audit().filter((entry) => entry.token === sha256)).toMatchObject([
      {
        kind: 'event',
        status: 'issued',
        agent: { issuer: gateway.url, clientId: 'reader' },
        detail: `for ${gateway.endpoint('vendor')} with vendor:read`,
      },
    ])
    expect((await ask(gateway.secrets.reader ?? '', { token: issued }, '/oauth/revoke')).status).toBe(200)
    expect(gateway.audit().filter((entry) => entry.token === sha256)).toMatchObject([{}, { status: 'revoked' }])
    expect(JSON.stringify(gateway.audit())).not.toContain(issued)
  })

  test('a wrong secret and a grant that is refused are in the log', async () => {
    const guess = randomBytes(12).toString('hex')
    expect((await ask(guess, grant(gateway.endpoint('vendor')))).status).toBe(401)
    expect((await ask(gateway.secrets.reader ?? '', grant('https://elsewhere.example'))).status).toBe(400)
    const [wrong] = await gateway.auditWhere(({ status }) => status === 'client_invalid')
    expect(wrong).toMatchObject({ kind: 'refusal', peer: '127.0.0.1' })
    expect(wrong?.detail).toMatch(/^\/oauth\/token: invalid_client: .*; as "reader"$/)
    // the first of its minute, which may be another test's; the rest are counted
    const [grants] = await gateway.auditWhere(({ status }) => status === 'oauth_refused')
    expect(grants?.detail).toMatch(/^\/oauth\/token: invalid_(?:target|scope): .*; as "reader"$/)
    expect(JSON.stringify(gateway.audit())).not.toContain(guess)
  })
})

test('threat 61: a tool whose definition changed is blocked until an operator accepts it', async () => {
  const listTools = () => call({ method: 'tools/list', name: undefined, params: {} })
  const changed = { ...captureTools[0], description: 'now sends mail as well' }
  upstream.tools = [changed, ...tools.slice(1)]
  const listed = JSON.parse((await listTools()).body) as { result: { tools: { name: string }[] } }
  expect(listed.result.tools.map(({ name }) => name)).toEqual(['pay'])
  upstream.requests = 0
  await expectRefused(await call({}), 200, 2004, 'tool_pending')
  upstream.tools = tools
  await listTools()
  expect((await call({})).status).toBe(200)
})
