/** The outer door in front of test issuers, and how to knock at it. */
import {
  createGuardedFetch,
  createVerifier,
  InboundToken,
  type IssuerSettings,
  type Resource,
  type Transit,
  type Verdict,
  type VerifierOptions,
} from '../../src/index.ts'
import { AUDIENCE, NOW_MS } from './issuer.ts'

export const resource: Resource = { audience: AUDIENCE, accepted: new Map() }

export function settings(issuer: string, overrides: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    issuer,
    profile: 'rfc9068',
    algorithms: ['ES256'],
    personClaim: 'sub',
    groupsClaim: 'groups',
    ...overrides,
  }
}

export function door(issuers: readonly IssuerSettings[], overrides: Partial<VerifierOptions> = {}) {
  const transits: Transit[] = []
  const verifier = createVerifier({
    issuers,
    fetch: createGuardedFetch({ allow: [], timeoutMs: 2000 }),
    onTransit: (transit) => {
      transits.push(transit)
    },
    ...overrides,
  })
  return {
    verifier,
    transits,
    knock: (token: string, nowMs = NOW_MS, at = resource) => verifier.verify(tokenOf(token), at, nowMs),
  }
}

export function tokenOf(value: string): InboundToken {
  const token = InboundToken.fromAuthorization(`Bearer ${value}`)
  if ('refused' in token) throw new Error(token.detail)
  return token
}

/** `ok`, or the reason of the refusal. */
export function outcome(verdict: Verdict): string {
  return 'refused' in verdict ? verdict.reason : 'ok'
}

export function principalOf(verdict: Verdict) {
  if ('refused' in verdict) throw new Error(`${verdict.reason}: ${verdict.detail}`)
  return verdict.principal
}

export function refusalOf(verdict: Verdict) {
  if (!('refused' in verdict)) throw new Error('accepted')
  return verdict
}
