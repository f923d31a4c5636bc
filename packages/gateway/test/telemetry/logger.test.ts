import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/secrets/secret.ts'
import { createLogger } from '../../src/telemetry/index.ts'

const canary = 'canary-7d2f6a1b94e04c5f'
const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.${canary}`

function capture(level: 'info' | 'warn' = 'info') {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk)
      done()
    },
  })
  return {
    log: createLogger({ level, stream }),
    text: () => text,
    lines: () =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
  }
}

test('writes one line of JSON each, with its level and time', () => {
  const { log, lines } = capture()
  log.info({ upstream: 'files', attempts: 2 }, 'connected')
  log.debug('not shown')
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      upstream: 'files',
      attempts: 2,
      msg: 'connected',
    },
  ])
})

test('respects the level', () => {
  const { log, text } = capture('warn')
  log.info('not shown')
  expect(text()).toBe('')
})

describe('threat 33: nothing secret reaches the log', () => {
  test.each([
    ['headers', { headers: { authorization: canary, cookie: canary } }],
    ['raw headers', { request: { rawHeaders: ['X-Any', canary] } }],
    ['a body', { response: { upstream: { body: canary } } }],
    ['arguments of a call', { call: { arguments: { path: canary } } }],
    ['params', { call: { params: { name: canary } } }],
    ['tokens', { token: canary, grant: { access_token: canary, refresh_token: canary } }],
    ['a client secret', { client: { client_secret: canary, clientSecret: canary } }],
    ['a configured secret', { upstream: { anything: new Secret(canary, 'FILES_KEY') } }],
    ['the environment of a child', { child: { env: { FILES_KEY: canary } } }],
    ['a frozen object', Object.freeze({ headers: Object.freeze({ any: canary }) })],
    ['a bearer token in a text', { detail: `GET / Bearer ${canary}` }],
    ['a basic credential in a text', { detail: `sent basic ${Buffer.from(`user:${canary}`).toString('base64')}` }],
    ['a JWT in a text', { list: [`token ${jwt} refused`] }],
    ['a JWT as a key', { [jwt]: 1 }],
  ])('%s', (_, fields) => {
    const { log, text, lines } = capture()
    log.warn(fields, 'it happened')
    log.child(fields).warn('again')
    expect(text()).not.toContain(canary)
    expect(text()).not.toContain(Buffer.from(`user:${canary}`).toString('base64'))
    expect(lines()).toHaveLength(2)
  })

  test('a message', () => {
    const { log, text } = capture()
    log.error(`upstream said: Bearer ${canary}, ${jwt}`)
    expect(text()).toContain('upstream said: Bearer [redacted], [redacted]')
  })

  test('the members of an error, and of its causes', () => {
    const { log, text, lines } = capture()
    const cause = Object.assign(new Error(`fetch with DPoP ${canary} failed`), { response: { text: canary } })
    const error = Object.assign(new Error('the token endpoint failed', { cause }), { request: canary, code: 'E_TOKEN' })
    log.error({ err: error }, 'no credential')
    expect(text()).not.toContain(canary)
    expect(lines()[0].err).toMatchObject({
      type: 'Error',
      message: 'the token endpoint failed',
      errorCode: 'E_TOKEN',
      cause: { message: 'fetch with DPoP [redacted] failed' },
    })
  })

  test('a thrown value that is no error', () => {
    const { log, text, lines } = capture()
    log.error({ err: { anything: canary } }, 'x')
    expect(text()).not.toContain(canary)
    expect(lines()[0].err).toEqual({ message: 'a value that is no error was thrown' })
  })
})

test('threat 88: a caller cannot make a second line', () => {
  const { log, text } = capture()
  log.info({ tool: 'x\n{"level":"info"}' }, 'a\r\nb')
  expect(text().trimEnd().split('\n')).toHaveLength(1)
})

test('an error that never ends is cut', () => {
  const { log, text } = capture()
  const error = new Error('x'.repeat(100_000))
  error.cause = error
  log.error({ err: error }, 'x')
  expect(text().length).toBeLessThan(50_000)
})
