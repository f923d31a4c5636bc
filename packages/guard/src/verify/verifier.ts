import { type InboundToken, rawToken } from '../inbound-token.ts'
import type { Principal } from '../principal.ts'
import { refuseToken, shown, type TokenRefusal } from '../token-refusal.ts'
import type { CheckedClaims } from './claims.ts'
import { createIntrospection, type Introspection } from './introspection.ts'
import { discover, type IssuerMetadata, IssuerUnavailable } from './issuer-documents.ts'
import { looksLikeJwt, parseJws } from './jws.ts'
import { createJwtIssuer, type JwtIssuer } from './jwt.ts'
import { createRefreshed } from './refreshed.ts'
import { checkIssuerSettings } from './settings.ts'
import { member } from './strict-json.ts'
import type { OpaqueClaims, OpaqueLookup, Resource, Verdict, Verified, Verifier, VerifierOptions } from './types.ts'
import { createVerdictCache } from './verdict-cache.ts'

const MAX_VERDICTS = 4096
const MAX_REFUSALS = 1024
const JWT_VERDICT_MS = 300_000
/** Of opaque and introspected tokens, and of every refusal: a revocation is seen by then. */
const SHORT_VERDICT_MS = 2000

const METADATA_FRESH_MS = 10 * 60_000
const METADATA_USABLE_MS = 24 * 60 * 60_000
const METADATA_RETRY_MS = 5000

/** A verdict, and for which of an issuer's audiences it holds: `accepted` may change while it is cached. */
interface Held {
  readonly verified: Verified
  readonly issuer: string
  readonly expected: string
}

/**
 * The outer door: tells who presents a token at a resource (see `Verifier`). Tokens of the form of a JWS go to the
 * issuer that they name, if it is configured; any other goes to the one place that may know it.
 * @throws {TypeError} the settings leave open which tokens to accept.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  checkIssuerSettings(options.issuers, options.opaque)
  const tenant = options.tenant ?? 'default'
  const { jwtIssuers, introspections } = createIssuers(options)
  const held = createVerdictCache<Held>(MAX_VERDICTS)
  // apart, so that a flood of bad tokens evicts no good one
  const refusals = createVerdictCache<TokenRefusal>(MAX_REFUSALS)
  const flights = new Map<string, Promise<Verdict>>()

  async function check(token: InboundToken, resource: Resource, nowMs: number): Promise<Held | TokenRefusal> {
    const hold = (issuer: string, claims: CheckedClaims, kind: Principal['kind']): Held => ({
      verified: Object.freeze({
        principal: principalOf(token, resource, tenant, issuer, claims, kind),
        seal: token.seal(),
      }),
      issuer,
      expected: expectedAudience(resource, issuer),
    })
    const raw = rawToken(token)
    if (looksLikeJwt(raw)) {
      const jws = parseJws(raw)
      if ('refused' in jws) return jws
      const issuer = member(jws.claims, 'iss')
      if (typeof issuer !== 'string') return refuseToken('token_invalid', `\`iss\` is ${shown(issuer)}`)
      const jwtIssuer = jwtIssuers.get(issuer)
      if (jwtIssuer !== undefined) {
        const claims = await jwtIssuer.verify(jws, expectedAudience(resource, issuer), nowMs)
        return 'refused' in claims ? claims : hold(issuer, claims, 'jwt')
      }
      const introspection = introspections.get(issuer)
      if (introspection === undefined)
        return refuseToken('token_invalid', `the issuer ${shown(issuer)} is not configured`)
      const claims = await introspection.ask(token, expectedAudience(resource, issuer), nowMs)
      return 'refused' in claims ? claims : hold(issuer, claims, 'introspected')
    }
    if (options.opaque !== undefined) {
      const claims = checkOpaque(await lookUp(options.opaque, token.sha256), resource, nowMs)
      return 'refused' in claims ? claims : hold(claims.issuer, claims, 'opaque')
    }
    // at most one, see `checkIssuerSettings`
    for (const [issuer, introspection] of introspections) {
      const claims = await introspection.ask(token, expectedAudience(resource, issuer), nowMs)
      return 'refused' in claims ? claims : hold(issuer, claims, 'introspected')
    }
    return refuseToken('token_malformed', 'not a JWT, and no issuer of opaque tokens is configured')
  }

  async function decide(key: string, token: InboundToken, resource: Resource, nowMs: number): Promise<Verdict> {
    const outcome = await check(token, resource, nowMs).catch((error: unknown) => {
      if (error instanceof IssuerUnavailable) return refuseToken('keys_unavailable', error.message)
      throw error
    })
    if ('refused' in outcome) {
      if (outcome.reason !== 'keys_unavailable') refusals.set(key, outcome, nowMs, nowMs + SHORT_VERDICT_MS)
      return outcome
    }
    const { principal } = outcome.verified
    const longestMs = principal.kind === 'jwt' ? JWT_VERDICT_MS : SHORT_VERDICT_MS
    held.set(key, outcome, nowMs, Math.min(principal.expiresAt * 1000, nowMs + longestMs))
    return outcome.verified
  }

  return {
    verify(token, resource, nowMs) {
      const key = `${token.sha256} ${resource.audience}`
      const known = held.get(key, nowMs)
      if (known !== undefined && known.expected === expectedAudience(resource, known.issuer)) return known.verified
      const refused = refusals.get(key, nowMs)
      if (refused !== undefined) return refused
      const underWay = flights.get(key)
      if (underWay !== undefined) return underWay
      const flight = decide(key, token, resource, nowMs).finally(() => flights.delete(key))
      flights.set(key, flight)
      return flight
    },
  }
}

function createIssuers({ issuers, fetch, onTransit }: VerifierOptions) {
  const jwtIssuers = new Map<string, JwtIssuer>()
  const introspections = new Map<string, Introspection>()
  for (const settings of issuers) {
    const metadata = createRefreshed<IssuerMetadata>({
      load: async () => ({ value: await discover(settings.issuer, fetch), freshMs: METADATA_FRESH_MS }),
      usableMs: METADATA_USABLE_MS,
      retryMs: METADATA_RETRY_MS,
    })
    if (settings.profile === 'introspection' && settings.client !== undefined) {
      const introspection = createIntrospection(settings, settings.client, metadata, fetch, onTransit)
      introspections.set(settings.issuer, introspection)
    } else {
      jwtIssuers.set(settings.issuer, createJwtIssuer(settings, metadata, fetch))
    }
  }
  return { jwtIssuers, introspections }
}

/** @throws {TypeError} the resource names no audience: nothing could be told apart. */
function expectedAudience(resource: Resource, issuer: string): string {
  const audience = resource.accepted.get(issuer) ?? resource.audience
  if (audience === '') throw new TypeError(`no audience to expect of \`${issuer}\`; name the resource's canonical URI`)
  return audience
}

/** @throws {IssuerUnavailable} whatever the lookup threw: where it cannot tell, no token is good and none is bad. */
async function lookUp(opaque: OpaqueLookup, sha256: string): Promise<OpaqueClaims | undefined> {
  try {
    return await opaque.find(sha256)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new IssuerUnavailable(`opaque tokens cannot be looked up: ${shown(why)}`)
  }
}

/** The embedded server's own claims: only what a copy in a store may have wrong is checked. */
function checkOpaque(
  found: OpaqueClaims | undefined,
  resource: Resource,
  nowMs: number,
): (CheckedClaims & { readonly issuer: string }) | TokenRefusal {
  if (found === undefined) return refuseToken('token_invalid', 'an opaque token that is unknown, expired or revoked')
  const { issuer, clientId, subject, groups, scopes, audience, expiresAt } = found
  const ours = expectedAudience(resource, issuer)
  if (audience !== ours) return refuseToken('token_audience', `the audience is ${shown(audience)}, not ${shown(ours)}`)
  if (!(expiresAt * 1000 > nowMs)) return refuseToken('token_expired', `the token expired at ${shown(expiresAt)}`)
  const person = subject === undefined ? undefined : { subject, groups }
  return { issuer, clientId, person, actors: [], scopes, expiresAt }
}

function principalOf(
  token: InboundToken,
  resource: Resource,
  tenant: string,
  issuer: string,
  claims: CheckedClaims,
  kind: Principal['kind'],
): Principal {
  const { clientId, person, actors, scopes, expiresAt } = claims
  return Object.freeze({
    tenant,
    person: person && Object.freeze({ issuer, subject: person.subject, groups: Object.freeze([...person.groups]) }),
    agent: Object.freeze({ issuer, clientId }),
    actors: Object.freeze(actors.map((actor) => Object.freeze({ ...actor }))),
    scopes: new Set(scopes),
    audience: resource.audience,
    tokenSha256: token.sha256,
    expiresAt,
    kind,
  })
}
