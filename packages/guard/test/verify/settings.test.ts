import { expect, test } from 'vitest'
import type { IssuerSettings } from '../../src/index.ts'
import { door, settings } from '../support/door.ts'

const ISSUER = 'https://login.example.com'
const opaque = { find: () => undefined }
const client = { id: 'sallyport', secret: () => 's' }
const introspection: Partial<IssuerSettings> = { profile: 'introspection', algorithms: [], client }

test('what the design allows starts', () => {
  expect(() => door([settings(ISSUER), settings(`${ISSUER}/`)], { opaque })).not.toThrow()
  expect(() => door([settings('http://localhost:8080/a'), settings('http://[::1]:1')])).not.toThrow()
  expect(() => door([settings(ISSUER, introspection), settings('https://b.example')])).not.toThrow()
})

test.each<[string, Partial<IssuerSettings>]>([
  ['no algorithms', { algorithms: [] }],
  ['`none`', { algorithms: ['none'] }],
  ['`HS256`', { algorithms: ['ES256', 'HS256'] }],
  ['`es256`', { algorithms: ['es256'] }],
  ['no `client`', { ...introspection, client: undefined }],
  ['no URL', { issuer: 'login.example.com' }],
  ['http is for loopback', { issuer: 'http://login.example.com' }],
  ['http is for loopback', { issuer: 'http://127.0.0.1.example.com' }],
  ['query', { issuer: `${ISSUER}/?a=b` }],
  ['fragment', { issuer: `${ISSUER}/#a` }],
  ['user name', { issuer: 'https://a@login.example.com' }],
  ['empty claim', { personClaim: '' }],
])('an issuer with %s does not start', (_, overrides) => {
  expect(() => door([settings(ISSUER, overrides)])).toThrow(TypeError)
})

test('one issuer of opaque tokens at most', () => {
  expect(() => door([settings(ISSUER, introspection)], { opaque })).toThrow('the embedded server')
  expect(() => door([settings(ISSUER, introspection), settings('https://b.example', introspection)])).toThrow(
    'keep one',
  )
  expect(() => door([settings(ISSUER), settings(ISSUER)])).toThrow('twice')
})
