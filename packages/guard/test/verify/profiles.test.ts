import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IssuerSettings } from '../../src/index.ts'
import { door, outcome, principalOf, refusalOf, resource, settings } from '../support/door.ts'
import { AUDIENCE, NOW, NOW_MS, type SigningKey, sign, signingKey, TestIssuer } from '../support/issuer.ts'

let issuer: TestIssuer
let key: SigningKey

beforeAll(async () => {
  issuer = await TestIssuer.start('/tenant/v2.0')
  key = await signingKey('k1', 'RS256')
  issuer.keys = [key.jwk]
})
afterAll(() => issuer.stop())

function knocker(overrides: Partial<IssuerSettings>, base: Record<string, unknown>, typ?: string) {
  const { knock } = door([settings(issuer.issuer, { algorithms: ['RS256'], ...overrides })])
  const common = { iss: issuer.issuer, aud: AUDIENCE, iat: NOW, nbf: NOW, exp: NOW + 600 }
  return async (changes: Record<string, unknown> = {}, header: Record<string, unknown> = { typ }, at = resource) => {
    const claims = Object.entries({ ...common, ...base, ...changes }).filter(([, value]) => value !== undefined)
    return knock(await sign(Object.fromEntries(claims), key, header), NOW_MS, at)
  }
}

describe('Entra', () => {
  const knock = () =>
    knocker(
      { profile: 'entra', personClaim: 'oid' },
      { sub: 'pairwise', oid: 'person-1', azp: 'client-guid', scp: 'files.read', tid: 'tenant', ver: '2.0' },
      'JWT',
    )

  test('the client is in `azp` or `appid`, the person in `oid`, the scopes in `scp`', async () => {
    const principal = principalOf(await knock()({ groups: ['g1'] }))
    expect(principal.person).toEqual({ issuer: issuer.issuer, subject: 'person-1', groups: ['g1'] })
    expect(principal.agent.clientId).toBe('client-guid')
    expect([...principal.scopes]).toEqual(['files.read'])
    expect(principalOf(await knock()({ azp: undefined, appid: 'v1-guid' })).agent.clientId).toBe('v1-guid')
  })

  test('an app-only token is nobody but the client, and its roles are its scopes', async () => {
    for (const mark of [{ idtyp: 'app' }, {}]) {
      const principal = principalOf(await knock()({ scp: undefined, roles: ['files.read'], ...mark }))
      expect(principal.person).toBeUndefined()
      expect([...principal.scopes]).toEqual(['files.read'])
    }
  })

  test("a person's roles are no scopes", async () => {
    expect([...principalOf(await knock()({ roles: ['admin'] })).scopes]).toEqual(['files.read'])
    const principal = principalOf(await knock()({ idtyp: 'user', scp: undefined, roles: ['admin'] }))
    expect([principal.person?.subject, principal.scopes.size]).toEqual(['person-1', 0])
  })

  test('threat 11: an id_token is refused: it names no client', async () => {
    const idToken = { azp: undefined, scp: undefined, name: 'Alice', preferred_username: 'alice@example.com' }
    expect(refusalOf(await knock()(idToken)).detail).toContain('`azp`')
    expect(outcome(await knock()({ nonce: 'n' }))).toBe('token_invalid')
  })

  test('groups left out of the token for their number refuse it', async () => {
    expect(refusalOf(await knock()({ hasgroups: true })).detail).toContain('overage')
    expect(refusalOf(await knock()({ _claim_names: { groups: 'src1' } })).detail).toContain('overage')
  })

  test('the audience is what the endpoint has for this issuer', async () => {
    const at = { audience: AUDIENCE, accepted: new Map([[issuer.issuer, 'api://files']]) }
    expect(outcome(await knock()({ aud: 'api://files' }, undefined, at))).toBe('ok')
    expect(outcome(await knock()({ aud: '00000003-0000-0000-c000-000000000000' }, undefined, at))).toBe(
      'token_audience',
    )
  })

  test('a person without the configured claim is refused', async () => {
    expect(outcome(await knock()({ oid: undefined }))).toBe('token_invalid')
  })
})

describe('Keycloak', () => {
  const knock = () =>
    knocker(
      { profile: 'keycloak' },
      { sub: 'uuid-1', typ: 'Bearer', azp: 'my-client', scope: 'openid files:read', aud: [AUDIENCE, 'account'] },
      'JWT',
    )

  test('the client is in `azp`', async () => {
    const principal = principalOf(await knock()())
    expect(principal.agent.clientId).toBe('my-client')
    expect(principal.person?.subject).toBe('uuid-1')
    expect(principal.scopes.has('files:read')).toBe(true)
  })

  test.each(['ID', 'Refresh', 'Offline', 'Logout', 'DPoP', 'bearer', undefined])(
    'threat 11: a token of the kind %s is no access token',
    async (typ) => {
      expect(outcome(await knock()({ typ }))).toBe('token_invalid')
    },
  )

  test('with at+jwt in the header, the claim may be left out', async () => {
    expect(outcome(await knock()({ typ: undefined }, { typ: 'at+jwt' }))).toBe('ok')
    expect(outcome(await knock()({ typ: 'ID' }, { typ: 'at+jwt' }))).toBe('token_invalid')
  })

  test('the account of a client is no person; a user who took such a name is', async () => {
    const account = { preferred_username: 'service-account-my-client' }
    expect(principalOf(await knock()({ ...account, client_id: 'my-client' })).person).toBeUndefined()
    expect(principalOf(await knock()({ ...account, clientId: 'my-client' })).person).toBeUndefined()
    expect(principalOf(await knock()(account)).person?.subject).toBe('uuid-1')
  })
})

describe('Okta', () => {
  const knock = () =>
    knocker({ profile: 'okta' }, { sub: 'alice@example.com', cid: '0oa1', scp: ['files:read'], ver: 1 })

  test('no `typ`, the client in `cid`, the scopes an array in `scp`', async () => {
    const principal = principalOf(await knock()())
    expect(principal.agent.clientId).toBe('0oa1')
    expect(principal.person?.subject).toBe('alice@example.com')
    expect([...principal.scopes]).toEqual(['files:read'])
    expect(outcome(await knock()({}, { typ: 'JWT' }))).toBe('ok')
    expect(outcome(await knock()({}, { typ: 'application/okta-internal-at+jwt' }))).toBe('token_invalid')
  })

  test('a token whose subject is the client is nobody but the client', async () => {
    expect(principalOf(await knock()({ sub: '0oa1' })).person).toBeUndefined()
  })

  test('threat 11: an id_token is refused: it names no client', async () => {
    expect(outcome(await knock()({ cid: undefined, scp: undefined, idp: 'x' }))).toBe('token_invalid')
    expect(outcome(await knock()({ at_hash: 'x' }))).toBe('token_invalid')
  })
})

describe('RFC 9068', () => {
  const knock = () => knocker({}, { sub: 'alice', client_id: 'agent-1', scope: 'a' }, 'at+jwt')

  test('the agent without a person: the subject is the client', async () => {
    const principal = principalOf(await knock()({ sub: 'agent-1' }))
    expect(principal.person).toBeUndefined()
    expect(principal.agent).toEqual({ issuer: issuer.issuer, clientId: 'agent-1' })
  })

  test.each(['azp', 'cid', 'appid'])('`%s` names no client', async (name) => {
    expect(outcome(await knock()({ client_id: undefined, [name]: 'agent-1' }))).toBe('token_invalid')
  })

  test('claims named like members of every object are found only where they are', async () => {
    const odd = knocker(
      { personClaim: 'constructor', groupsClaim: '__proto__' },
      { sub: 'a', client_id: 'c' },
      'at+jwt',
    )
    expect(outcome(await odd())).toBe('token_invalid')
    expect(principalOf(await odd({ constructor: 'alice' })).person).toMatchObject({ subject: 'alice', groups: [] })
  })
})
