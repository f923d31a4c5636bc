import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CredentialConfig } from '../../src/config/types.ts'
import type { Credential } from '../../src/credentials/port.ts'
import { isRefusal } from '../../src/refusal.ts'
import { leased, rig, secret, value } from './rig.ts'

const types: readonly (readonly [CredentialConfig, Partial<Credential>])[] = [
  [{ type: 'none' }, { headers: [], environment: {} }],
  [
    { type: 'bearer', token: secret() },
    { headers: [['authorization', `Bearer ${value}`]], environment: {} },
  ],
  [
    { type: 'header', name: 'X-Api-Key', value: secret() },
    { headers: [['x-api-key', value]], environment: {} },
  ],
  [
    { type: 'basic', username: 'ada', password: secret() },
    { headers: [['authorization', `Basic ${Buffer.from(`ada:${value}`).toString('base64')}`]], environment: {} },
  ],
  [
    { type: 'env', variables: { API_KEY: secret() } },
    { headers: [], environment: { API_KEY: value } },
  ],
]

describe.each(types)('$type', (config, presented) => {
  test('is leased at once, and is the same object for every call', () => {
    const { credentials, intentOf } = rig({ a: config })
    const intent = intentOf('a')
    const credential = credentials.lease(intent, intent.plan)
    expect(credential).toMatchObject({ upstream: 'a', ...presented })
    expect(credentials.lease(intent, intent.plan)).toBe(credential)
    expect(Object.isFrozen(credential)).toBe(true)
    expect(credentials.plan(intent.authorized)).toBe(intent.plan)
  })

  test('its detector finds the secret as it was presented, and in no other answer', async () => {
    const { detector, headers } = await leased(rig({ a: config }))
    if (config.type === 'none') {
      expect(detector).toBeUndefined()
      return
    }
    const echo = headers[0]?.[1] ?? value
    expect(detector?.matches(Buffer.from(`{"echo":"${echo}"}`))).toBe(true)
    expect(detector?.matches(Buffer.from(`{"echo":"${value.slice(0, 24)}"}`))).toBe(false)
  })

  test('its plan and description name no value', () => {
    const { credentials, intentOf } = rig({ a: config })
    const plan = intentOf('a').plan
    expect(plan).toMatchObject({
      upstream: 'a',
      type: config.type,
      id: `a/${config.type}`,
      issuer: undefined,
      audience: undefined,
      scopes: [],
    })
    expect(plan.version).toMatch(config.type === 'none' ? /^$/ : /^[0-9a-f]{12}$/)
    const description = credentials.describe('a')
    expect(description).toMatchObject({
      type: config.type,
      version: plan.version,
      sources: config.type === 'none' ? [] : ['file:key'],
      expiry: { known: false },
    })
    expect(inspect({ plan, description, credentials }, { depth: 9 })).not.toContain(value)
  })
})

test('a version changes with the secret and the upstream, and not with a restart', () => {
  const versionOf = (text: string, name = 'a') =>
    rig({ [name]: { type: 'bearer', token: secret(text) } }).intentOf(name).plan.version
  expect(versionOf('one-secret')).toBe(versionOf('one-secret'))
  expect(new Set([versionOf('one-secret'), versionOf('two-secret'), versionOf('one-secret', 'b')]).size).toBe(3)
})

test('one secret serves one upstream: both that share it are refused, the others are not', async () => {
  const made = rig({
    a: { type: 'bearer', token: secret() },
    b: { type: 'header', name: 'x-key', value: secret(value, 'file:other') },
    c: { type: 'bearer', token: secret('quite-another-secret') },
  })
  expect(await made.lease('a')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  expect(await made.lease('b')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  expect(isRefusal(await made.lease('c'))).toBe(false)
})

test('threat 30: what follows a scheme in a header is a secret of its own', async () => {
  const config = (reference: string, text: string): CredentialConfig => {
    return { type: 'header', name: 'X-Authorization', value: secret(text, reference) }
  }
  const { detector } = await leased(rig({ a: config('file:a', `Token ${value}`) }))
  expect(detector?.matches(Buffer.from(`you are ${value}`))).toBe(true)
  expect(detector?.matches(Buffer.from('a Token of respect'))).toBe(false)
  const shared = rig({ a: config('file:a', `Token ${value}`), b: { type: 'bearer', token: secret() } })
  expect(await shared.lease('a')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
  expect(await shared.lease('b')).toMatchObject({ refused: true, reason: 'credential_unavailable' })
})

test('threat 81: a credential asked for another upstream, or for another intent, is an error', () => {
  const { credentials, intentOf } = rig({ a: { type: 'bearer', token: secret() }, b: { type: 'none' } })
  const [a, b] = [intentOf('a'), intentOf('b')]
  expect(() => credentials.lease(a, b.plan as never)).toThrow(/`b` was asked for a call to `a`/)
  expect(() => credentials.lease({ ...b, plan: a.plan } as never, a.plan)).toThrow(/`a`/)
  expect(() => credentials.lease(a, { ...a.plan })).toThrow(/not the one that its intent names/)
  expect(() =>
    credentials.lease({ ...a, plan: { ...a.plan, version: 'x' } } as never, { ...a.plan, version: 'x' }),
  ).toThrow()
  expect(() => credentials.lease({ ...a, authorized: b.authorized } as never, a.plan)).toThrow()
  expect(() => credentials.describe('c')).toThrow(/no upstream `c`/)
  const rotated = rig({ a: { type: 'bearer', token: secret('rotated-in-between') } })
  expect(() => rotated.credentials.lease(a, a.plan)).toThrow(/not the one/)
})

test.each<readonly [string, CredentialConfig, RegExp]>([
  ['a line end', { type: 'bearer', token: secret(`${value}\n`) }, /file:key holds characters/],
  ['a space at the end', { type: 'header', name: 'x-key', value: secret(`${value} `) }, /holds characters/],
  ['a letter beyond ASCII', { type: 'bearer', token: secret('gé') }, /holds characters/],
  ['too long', { type: 'bearer', token: secret('x'.repeat(20_000)) }, /longer than/],
  ['no header name', { type: 'header', name: 'x key', value: secret() }, /no header name/],
  ['a header of ours', { type: 'header', name: 'Mcp-Method', value: secret() }, /set by Sallyport itself/],
  ['a header of the connection', { type: 'header', name: 'Host', value: secret() }, /set by Sallyport itself/],
  ['a colon in the user', { type: 'basic', username: 'a:b', password: secret() }, /colon/],
  ['no variable', { type: 'env', variables: { 'A=B': secret() } }, /no name of an environment variable/],
  ['a NUL', { type: 'env', variables: { A: secret('a\0b') } }, /NUL/],
])('what could not be presented stops the start, and is not printed: %s', (_, config, message) => {
  expect(() => rig({ a: config })).toThrow(message)
  expect(() => rig({ a: config })).not.toThrow(value)
})
