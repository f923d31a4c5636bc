import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { form, issue, openFolder, type Rig, raw, secrets, startRig } from './rig.ts'

let rig: Rig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(async () => {
  await rig.close()
})

const grant = () => ({ grant_type: 'client_credentials', resource: `${rig.url}/mcp/files` })
const errorOf = (text: string): string => (JSON.parse(text) as { error: string }).error

test('no path but its own is answered, and none by case or slash', async () => {
  for (const path of ['/', '/mcp/files', '/oauthx', '/.well-known/oauth-authorization-server/x', '/token']) {
    expect(rig.server.handles(path)).toBe(false)
  }
  for (const path of [
    '/oauth',
    '/oauth/',
    '/oauth/Token',
    '/oauth/token/',
    '/oauth/reg',
    '/oauth/me',
    '/oauth/session/end',
    '/oauth/tok%65n',
  ]) {
    expect(rig.server.handles(path)).toBe(true)
    const answer = await raw(`${rig.url}${path}`, form(grant()))
    expect([path, answer.status, errorOf(answer.text)]).toEqual([path, 404, 'not_found'])
  }
})

test('the authorization endpoint says that it is of no use, and redirects nobody', async () => {
  for (const method of ['GET', 'POST']) {
    const answer = await raw(
      `${rig.url}/oauth/authorize?response_type=code&client_id=ci-agent&redirect_uri=https://evil.example`,
      { method },
    )
    expect([answer.status, errorOf(answer.text), answer.headers.location]).toEqual([
      400,
      'unsupported_response_type',
      undefined,
    ])
  }
})

test('other methods are refused with what is allowed', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE']) {
    const answer = await raw(`${rig.url}/oauth/token`, { method })
    expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'POST'])
  }
  const answer = await raw(`${rig.url}/oauth/jwks`, { method: 'POST' })
  expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
})

test.each([
  ['JSON', 'application/json'],
  ['a multipart form', 'multipart/form-data; boundary=x'],
  ['another charset', 'application/x-www-form-urlencoded; charset=utf-16'],
  ['no type', undefined],
])('%s is refused as invalid_request', async (_, type) => {
  const { headers, body } = form(grant())
  const { 'content-type': __, ...rest } = headers
  const answer = await raw(`${rig.url}/oauth/token`, {
    headers: type === undefined ? rest : { ...rest, 'content-type': type },
    body,
  })
  expect([answer.status, errorOf(answer.text)]).toEqual([400, 'invalid_request'])
})

test.each([
  ['grant_type', '&grant_type=client_credentials'],
  ['client_id', '&client_id=ci-agent&client_id=ci-agent'],
  ['scope', '&scope=files%3Aread&scope=files%3Aread'],
  ['a parameter that nobody knows', '&x=1&x=2'],
  ['a name by another encoding', '&gr%61nt_type=client_credentials'],
  ['broken percent encoding', '&x=%zz'],
  ['a byte that is no UTF-8', '&x=%ff'],
  ['a NUL', '&x=%00'],
  ['a raw control character', '&x=\n'],
])('a form with %s twice or broken is refused', async (_, more) => {
  const { headers, body } = form(grant())
  const answer = await raw(`${rig.url}/oauth/token`, { headers, body: body + more })
  expect([answer.status, errorOf(answer.text)]).toEqual([400, 'invalid_request'])
})

test('a page of a browser is refused, and no answer is readable by one', async () => {
  const { headers, body } = form(grant())
  const refused = await raw(`${rig.url}/oauth/token`, { headers: { ...headers, origin: 'https://evil.example' }, body })
  expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, undefined])
  const answer = await raw(`${rig.url}/oauth/token`, { headers, body })
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' })
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
})

test('Host and forwarding headers change nothing of what is answered', async () => {
  const spoofed = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example',
  }
  const metadata = await raw(`${rig.url}/.well-known/oauth-authorization-server`, { method: 'GET', headers: spoofed })
  const { headers, body } = form(grant(), 'ci-agent', 'wrong')
  const refused = await raw(`${rig.url}/oauth/token`, { headers: { ...headers, ...spoofed }, body })
  expect(refused.status).toBe(401)
  expect(metadata.text + refused.text + JSON.stringify(refused.headers)).not.toContain('evil')
})

test('threat 91: a large body is refused while it arrives', async () => {
  const { headers, body } = form(grant())
  const answer = await raw(`${rig.url}/oauth/token`, { headers, body: `${body}&x=${'a'.repeat(17_000)}` })
  expect([answer.status, errorOf(answer.text)]).toEqual([413, 'invalid_request'])
  const fields = await raw(`${rig.url}/oauth/token`, { headers, body: `${body}${'&a'.repeat(40)}` })
  expect([fields.status, errorOf(fields.text)]).toEqual([400, 'invalid_request'])
  const credentials = await raw(`${rig.url}/oauth/token`, form(grant(), 'a'.repeat(4000)))
  expect([credentials.status, errorOf(credentials.text)]).toEqual([400, 'invalid_request'])
})

test('threat 90: a body that does not come ends in 408', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1')
    const answered = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => (text += chunk)).on('close', () => resolve(text))
    })
    socket.write(
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant',
    )
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(10_000)
      expect(socket.bytesRead).toBeGreaterThan(0)
    })
    expect(await answered).toMatch(/^HTTP\/1\.1 408 /)
    socket.destroy()
  } finally {
    vi.useRealTimers()
  }
})

test('a client that goes away in the middle does no harm', async () => {
  const socket = connect(Number(new URL(rig.url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant',
  )
  await new Promise((resolve) => setTimeout(resolve, 30))
  socket.destroy()
  expect(await issue(rig)).toMatchObject({ expires_in: 600 })
  expect(rig.faults).toEqual([])
})

test('guessing a secret is slowed down, at once and one by one, and costs nobody else', async () => {
  const guess = () => raw(`${rig.url}/oauth/token`, form(grant(), 'ci-agent', randomBytes(16).toString('base64url')))
  const burst = await Promise.all(Array.from({ length: 60 }, guess))
  const statuses = burst.map(({ status }) => status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(32)
  expect(statuses.filter((status) => status === 429)).toHaveLength(28)
  const refused = await raw(`${rig.url}/oauth/token`, form(grant()))
  expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([429, true])
  expect(await issue(rig, undefined, 'narrow agent:1', secrets.narrow)).toMatchObject({ expires_in: 600 })
  rig.clock.aheadMs += 13_000
  expect((await guess()).status).toBe(401)
  expect((await guess()).status).toBe(429)
  rig.clock.aheadMs += 13_000
  expect(await issue(rig)).toMatchObject({ expires_in: 600 })
})

test('neither other spellings of a client nor invented ones give more guesses', async () => {
  const statuses = async (ids: readonly string[]): Promise<number[]> => {
    const answers = await Promise.all(
      ids.map((id) => {
        const { headers, body } = form(grant())
        const authorization = `Basic ${Buffer.from(`${id}:guess`).toString('base64')}`
        return raw(`${rig.url}/oauth/token`, { headers: { ...headers, authorization }, body })
      }),
    )
    return answers.map(({ status }) => status)
  }
  const letters = [...'ci-agent']
  const spellings = letters.flatMap((_, at) =>
    [0, 1, 2, 3, 4].map((more) =>
      letters
        .map((one, index) => (index === at || index <= more ? `%${one.charCodeAt(0).toString(16)}` : one))
        .join(''),
    ),
  )
  expect((await statuses(spellings)).filter((status) => status === 401)).toHaveLength(32)
  const invented = Array.from({ length: 50 }, (_, index) => `client-${index}`)
  expect((await statuses(invented)).filter((status) => status === 401)).toHaveLength(32)
  expect(await issue(rig, undefined, 'narrow agent:1', secrets.narrow)).toMatchObject({ expires_in: 600 })
})

test('what goes right is not counted as a guess', async () => {
  for (let round = 0; round < 4; round += 1) {
    const burst = await Promise.all(Array.from({ length: 20 }, () => raw(`${rig.url}/oauth/token`, form(grant()))))
    expect(burst.every(({ status }) => status === 200)).toBe(true)
  }
})

test('a store that fails is a fault of ours: 500, vague, and logged without a secret', async () => {
  await rig.close()
  const { stores, remove } = await openFolder()
  onTestFinished(remove)
  rig = await startRig({
    stores: { ...stores, oauth: { ...stores.oauth, upsert: () => Promise.reject(new Error('disk full')) } },
  })
  const answer = await raw(`${rig.url}/oauth/token`, form(grant()))
  expect([answer.status, errorOf(answer.text)]).toEqual([500, 'server_error'])
  expect(answer.text).not.toContain('disk')
  expect(rig.faults).toEqual([{ error: 'Error', detail: 'disk full' }])
})
