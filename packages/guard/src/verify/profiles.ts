/** Where authorization servers differ in the access tokens they issue. Pure. */
import { type JsonObject, member } from './strict-json.ts'
import type { IssuerProfileName } from './types.ts'

export interface Profile {
  /** Accepted values of the header's `typ`, lower case, without `application/`; undefined for none at all. */
  readonly typs: ReadonlySet<string | undefined>
  /** The claims that may name the client; the first that is there counts. */
  readonly clientClaims: readonly string[]
  /** The scopes, a space-separated string or an array of strings; null where the issuer never writes them so. */
  scopes(claims: JsonObject): unknown
  /** Audiences that may stand beside ours. */
  readonly audiencesBeside: ReadonlySet<string>
  /** The client acts for nobody but itself. */
  actsAlone(claims: JsonObject, subject: string | undefined, clientId: string): boolean
  /** What else of this issuer's carries the same signature but is no access token; undefined where it is one. */
  otherToken(claims: JsonObject, typ: string | undefined): string | undefined
}

const none: ReadonlySet<string> = new Set()

/** RFC 9068 section 2.2.3: `scope` as RFC 6749 section 3.3 writes it. */
function spaceSeparated(claims: JsonObject): unknown {
  const scope = member(claims, 'scope')
  return Array.isArray(scope) ? null : scope
}

const rfc9068: Profile = {
  typs: new Set(['at+jwt']),
  clientClaims: ['client_id'],
  scopes: spaceSeparated,
  audiencesBeside: none,
  actsAlone: (_claims, subject, clientId) => subject === clientId,
  otherToken: () => undefined,
}

/**
 * Microsoft Entra, v1.0 and v2.0. An id_token has neither `azp` nor `appid`, so it fails for want of a client. An
 * app-only token has no `scp`, and `idtyp: app` where that optional claim is on; what it may do is in `roles`. In a
 * person's token `roles` are the person's, and no scopes.
 */
const entra: Profile = {
  typs: new Set(['at+jwt', 'jwt']),
  clientClaims: ['azp', 'appid'],
  scopes: (claims) => (isAppOnly(claims) ? member(claims, 'roles') : member(claims, 'scp')),
  audiencesBeside: none,
  actsAlone: isAppOnly,
  otherToken: () => undefined,
}

function isAppOnly(claims: JsonObject): boolean {
  const kind = member(claims, 'idtyp')
  return kind === undefined ? member(claims, 'scp') === undefined : kind === 'app'
}

/** Keycloak marks what a token is in the claim `typ`: `Bearer`, or `ID`, `Refresh`, `Offline`, `Logout`, … */
const keycloak: Profile = {
  typs: new Set(['at+jwt', 'jwt']),
  clientClaims: ['azp', 'client_id'],
  scopes: spaceSeparated,
  audiencesBeside: new Set(['account']),
  // anybody may take a user name that begins like this, but no person's token has `client_id` beside it
  actsAlone: (claims, subject, clientId) =>
    subject === clientId ||
    (member(claims, 'preferred_username') === `service-account-${clientId.toLowerCase()}` &&
      (member(claims, 'client_id') ?? member(claims, 'clientId')) === clientId),
  otherToken: (claims, typ) => {
    const kind = member(claims, 'typ')
    return kind === 'Bearer' || (kind === undefined && typ === 'at+jwt') ? undefined : 'its claim `typ` is not `Bearer`'
  },
}

/** Okta's authorization servers give access tokens no `typ` at all; an id_token has no `cid`. */
const okta: Profile = {
  typs: new Set(['at+jwt', 'jwt', undefined]),
  clientClaims: ['cid'],
  scopes: (claims) => member(claims, 'scp'),
  audiencesBeside: none,
  actsAlone: (_claims, subject, clientId) => subject === clientId,
  otherToken: () => undefined,
}

/** RFC 7662 section 2.2: the answer is no JWT, but its members have the names of RFC 9068's claims. */
const introspection: Profile = {
  ...rfc9068,
  typs: new Set(),
  actsAlone: (_claims, subject, clientId) => subject === undefined || subject === clientId,
}

const profiles: Readonly<Record<IssuerProfileName, Profile>> = { rfc9068, entra, keycloak, okta, introspection }

export function profileOf(name: IssuerProfileName): Profile {
  return profiles[name]
}
