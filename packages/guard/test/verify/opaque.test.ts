import { describe, expect, test } from 'vitest'
import type { OpaqueClaims } from '../../src/index.ts'
import { door, outcome, principalOf, resource, tokenOf } from '../support/door.ts'
import { AUDIENCE, NOW, NOW_MS } from '../support/issuer.ts'

const ISSUER = 'https://mcp.example.com'
const known: OpaqueClaims = {
  issuer: ISSUER,
  clientId: 'ci-agent',
  subject: undefined,
  groups: [],
  scopes: ['files:read'],
  audience: AUDIENCE,
  expiresAt: NOW + 600,
}

function embedded(claims: Record<string, OpaqueClaims>) {
  const store = new Map(Object.entries(claims).map(([token, value]) => [tokenOf(token).sha256, value]))
  let asked = 0
  const opaque = {
    find: (sha256: string) => {
      asked += 1
      return store.get(sha256)
    },
  }
  return { ...door([], { opaque }), store, asked: () => asked }
}

describe("the embedded server's opaque tokens", () => {
  test('are looked up by hash', async () => {
    const { knock } = embedded({ good: known })
    expect(principalOf(await knock('good'))).toMatchObject({
      person: undefined,
      agent: { issuer: ISSUER, clientId: 'ci-agent' },
      tokenSha256: tokenOf('good').sha256,
      kind: 'opaque',
    })
    expect(outcome(await knock('other'))).toBe('token_invalid')
  })

  test("a person's has the person", async () => {
    const { knock } = embedded({ good: { ...known, subject: 'alice', groups: ['finance'] } })
    expect(principalOf(await knock('good')).person).toEqual({ issuer: ISSUER, subject: 'alice', groups: ['finance'] })
  })

  test('threat 12: one that was revoked is refused at the latest 2 s after it was last looked up', async () => {
    const { knock, store } = embedded({ good: known })
    expect(outcome(await knock('good'))).toBe('ok')
    store.clear()
    expect(outcome(await knock('good', NOW_MS + 1999))).toBe('ok')
    expect(outcome(await knock('good', NOW_MS + 2000))).toBe('token_invalid')
    // and use in between does not stretch it
    const other = embedded({ good: known })
    for (let at = 0; at < 2000; at += 100) expect(outcome(await other.knock('good', NOW_MS + at))).toBe('ok')
    expect(other.asked()).toBe(1)
    other.store.clear()
    expect(outcome(await other.knock('good', NOW_MS + 2000))).toBe('token_invalid')
  })

  test('a clock that goes back does not stretch a verdict', async () => {
    const { knock, store } = embedded({ good: known })
    expect(outcome(await knock('good'))).toBe('ok')
    store.clear()
    expect(outcome(await knock('good', NOW_MS - 1))).toBe('token_invalid')
  })

  test("threat 15: one for another endpoint is refused, and the other's verdict does not help", async () => {
    const { knock } = embedded({ good: known })
    const mail = { audience: 'https://mcp.example.com/mcp/mail', accepted: new Map<string, string>() }
    expect(outcome(await knock('good'))).toBe('ok')
    expect(outcome(await knock('good', NOW_MS, mail))).toBe('token_audience')
    expect(outcome(await knock('good', NOW_MS, resource))).toBe('ok')
  })

  test('an expired one is refused, from the second on', async () => {
    const { knock } = embedded({ good: { ...known, expiresAt: NOW + 1 }, broken: { ...known, expiresAt: Number.NaN } })
    expect(outcome(await knock('good', NOW_MS + 999))).toBe('ok')
    expect(outcome(await knock('good', NOW_MS + 1000))).toBe('token_expired')
    expect(outcome(await knock('broken'))).toBe('token_expired')
  })

  test('a token in the form of a JWT is never looked up', async () => {
    const { knock, asked } = embedded({ 'a.b.c': known })
    expect(outcome(await knock('a.b.c'))).toBe('token_malformed')
    expect(asked()).toBe(0)
  })

  test('a store that fails is a refusal of ours, and nothing is remembered', async () => {
    let broken = true
    const { knock } = door([], {
      opaque: {
        find: () => {
          if (broken) throw new Error('the store is gone')
          return known
        },
      },
    })
    expect(await knock('good')).toMatchObject({ reason: 'keys_unavailable', detail: expect.stringContaining('gone') })
    broken = false
    expect(outcome(await knock('good'))).toBe('ok')
  })
})
