import type { Actor } from '../principal.ts'
import { refuseToken, shown, type TokenRefusal } from '../token-refusal.ts'
import { profileOf } from './profiles.ts'
import { isObject, type JsonObject, member } from './strict-json.ts'
import type { IssuerSettings } from './types.ts'

/** What the claims say, once they are found to be those of an access token for this resource. */
export interface CheckedClaims {
  readonly clientId: string
  readonly person: { readonly subject: string; readonly groups: readonly string[] } | undefined
  readonly actors: readonly Actor[]
  readonly scopes: readonly string[]
  /** NumericDate, seconds. */
  readonly expiresAt: number
}

export interface Expected {
  readonly issuer: IssuerSettings
  readonly audience: string
  /** `typ` of a JWS header; undefined for an introspection answer. */
  readonly typ: string | undefined
}

const MAX_SKEW_SECONDS = 30
/** The end of year 9999: beyond it a NumericDate is a mistake. */
const MAX_NUMERIC_DATE = 253_402_300_799
const MAX_ACTORS = 4
const MAX_AUDIENCES = 16
const MAX_GROUPS = 1000
const MAX_SCOPES = 500
const MAX_NAME_CHARACTERS = 512

/**
 * id_tokens (OpenID Connect Core 1.0 sections 2 and 3.3.2.11) and logout tokens (Back-Channel Logout 1.0 section 2.4).
 */
const marksOfOtherTokens = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

/** RFC 6749 section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * RFC 9068 section 4 and RFC 7662 section 2.2, from `aud` on: audience, time, subject, client, actors, scopes, groups.
 * Pure; `iss` and the signature are the caller's. Does not check `jti`, and `iat` only where it is there.
 * @param nowSeconds NumericDate, seconds, with fraction.
 */
export function checkClaims(claims: JsonObject, expected: Expected, nowSeconds: number): CheckedClaims | TokenRefusal {
  const { issuer } = expected
  const profile = profileOf(issuer.profile)
  const mark = marksOfOtherTokens.find((name) => Object.hasOwn(claims, name))
  if (mark !== undefined) return refuseToken('token_invalid', `no access token: it has \`${mark}\``)
  const other = profile.otherToken(claims, expected.typ)
  if (other !== undefined) return refuseToken('token_invalid', `no access token: ${other}`)
  // RFC 9449 section 7.1: a token bound to a key proves nothing without it, and is not accepted as Bearer
  if (Object.hasOwn(claims, 'cnf'))
    return refuseToken('token_invalid', 'the token is bound to a key (`cnf`), so no Bearer token')

  const audience = audienceProblem(member(claims, 'aud'), expected.audience, profile.audiencesBeside)
  if (audience !== undefined) return refuseToken('token_audience', audience)

  const expiresAt = member(claims, 'exp')
  if (!isNumericDate(expiresAt)) return refuseToken('token_invalid', `\`exp\` is ${shown(expiresAt)}, no NumericDate`)
  if (nowSeconds >= expiresAt) return refuseToken('token_expired', `\`exp\` was ${shown(expiresAt)}`)
  for (const name of ['nbf', 'iat']) {
    const from = member(claims, name)
    if (from === undefined) continue
    if (!isNumericDate(from)) return refuseToken('token_invalid', `\`${name}\` is ${shown(from)}, no NumericDate`)
    if (from > nowSeconds + MAX_SKEW_SECONDS)
      return refuseToken('token_invalid', `\`${name}\` is ${shown(from)}, in the future`)
  }

  const subject = member(claims, 'sub')
  if (!isName(subject) && !(subject === undefined && issuer.profile === 'introspection')) {
    return refuseToken('token_invalid', `\`sub\` is ${shown(subject)}`)
  }
  const clientClaim = profile.clientClaims.find((name) => Object.hasOwn(claims, name)) ?? profile.clientClaims[0]
  const clientId = member(claims, clientClaim as string)
  if (!isName(clientId)) return refuseToken('token_invalid', `the client, \`${clientClaim}\`, is ${shown(clientId)}`)

  const actors = readActors(claims, issuer.issuer, subject)
  if (typeof actors === 'string') return refuseToken('token_invalid', actors)
  const scopes = readScopes(profile.scopes(claims))
  if (scopes === undefined) return refuseToken('token_invalid', 'the scopes are malformed')
  if (profile.actsAlone(claims, subject, clientId)) return { clientId, person: undefined, actors, scopes, expiresAt }

  const personSubject = member(claims, issuer.personClaim)
  if (!isName(personSubject))
    return refuseToken('token_invalid', `the person, \`${issuer.personClaim}\`, is ${shown(personSubject)}`)
  const groups = readGroups(claims, issuer.groupsClaim)
  if (typeof groups === 'string') return refuseToken('token_invalid', groups)
  return { clientId, person: { subject: personSubject, groups }, actors, scopes, expiresAt }
}

/** Exactly ours, or an array with ours and at most what the profile names. */
function audienceProblem(aud: unknown, ours: string, beside: ReadonlySet<string>): string | undefined {
  if (aud === ours) return undefined
  if (!Array.isArray(aud)) return `\`aud\` is ${shown(aud)}, not ${shown(ours)}`
  if (aud.length > MAX_AUDIENCES) return `\`aud\` has over ${MAX_AUDIENCES} members`
  if (!aud.includes(ours))
    return `\`aud\` has ${aud.slice(0, 3).map(shown).join(', ') || 'no member'}, not ${shown(ours)}`
  const foreign = aud.find((audience) => audience !== ours && !beside.has(audience))
  if (foreign !== undefined) return `\`aud\` has ${shown(foreign)} beside ${shown(ours)}`
  return new Set(aud).size === aud.length ? undefined : '`aud` has a member twice'
}

/** The `act` chain (RFC 8693 section 4.1), outermost first, or what is wrong with it. */
function readActors(claims: JsonObject, issuer: string, subject: unknown): Actor[] | string {
  const actors: Actor[] = []
  const seen = new Set([JSON.stringify([issuer, subject])])
  let from = claims
  while (Object.hasOwn(from, 'act')) {
    const act = member(from, 'act')
    if (!isObject(act)) return `\`act\` is ${shown(act)}`
    if (actors.length === MAX_ACTORS) return `\`act\` is nested deeper than ${MAX_ACTORS}`
    const actorSubject = member(act, 'sub')
    const actorIssuer = member(act, 'iss') ?? issuer
    if (!isName(actorSubject) || !isName(actorIssuer)) return '`act` names no `sub`, or a malformed one'
    const key = JSON.stringify([actorIssuer, actorSubject])
    if (seen.has(key)) return `\`act\` comes back to ${shown(actorSubject)}`
    seen.add(key)
    actors.push({ issuer: actorIssuer, subject: actorSubject })
    from = act
  }
  return actors
}

function readScopes(value: unknown): string[] | undefined {
  if (value === undefined || value === '') return []
  const scopes: unknown[] | undefined =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : undefined
  if (scopes === undefined || scopes.length > MAX_SCOPES) return undefined
  const isScope = (scope: unknown): scope is string => typeof scope === 'string' && scopeToken.test(scope)
  return scopes.every(isScope) ? scopes : undefined
}

/** A claim left out for its size would let a person slip past a policy that forbids by group. */
function readGroups(claims: JsonObject, name: string): string[] | string {
  const elsewhere = member(claims, '_claim_names')
  if ((isObject(elsewhere) && Object.hasOwn(elsewhere, name)) || Object.hasOwn(claims, 'hasgroups')) {
    return `the groups are not in the token (overage); have the issuer put fewer in \`${name}\``
  }
  const groups = member(claims, name)
  if (groups === undefined) return []
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS)
    return `\`${name}\` is no array of at most ${MAX_GROUPS} names`
  return groups.every(isName) ? groups : `\`${name}\` holds what is no name`
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_NUMERIC_DATE
}

function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_NAME_CHARACTERS) return false
  return value.isWellFormed() && !/\p{Cc}/u.test(value)
}
