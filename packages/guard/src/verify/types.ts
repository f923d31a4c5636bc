import type { GuardedFetch } from '../guarded-fetch.ts'
import type { InboundToken, TokenSeal } from '../inbound-token.ts'
import type { Principal } from '../principal.ts'
import type { TokenRefusal } from '../token-refusal.ts'

/** Where `typ`, client, scope and audience differ between authorization servers. */
export type IssuerProfileName = 'rfc9068' | 'entra' | 'keycloak' | 'okta' | 'introspection'

/** An authorization server whose access tokens are accepted. */
export interface IssuerSettings {
  /** Compared with `iss` character by character; `https`, or `http` on loopback. */
  readonly issuer: string
  readonly profile: IssuerProfileName
  /** JWS algorithms accepted from it, never taken from a token. Ignored for `introspection`. */
  readonly algorithms: readonly string[]
  /** The claim that names a person for good, e.g. `sub`, or `oid` at Entra. */
  readonly personClaim: string
  readonly groupsClaim: string
  /** How we identify ourselves at its introspection endpoint (RFC 7662 section 2.1). */
  readonly client?: { readonly id: string; readonly secret: () => string } | undefined
}

/** What the embedded authorization server knows of a token it issued. */
export interface OpaqueClaims {
  readonly issuer: string
  readonly clientId: string
  /** Undefined where the client acts for nobody but itself. */
  readonly subject: string | undefined
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  readonly audience: string
  /** NumericDate, seconds. */
  readonly expiresAt: number
}

/**
 * The store of opaque tokens, by hash. Asked again at most 2 s after its last answer, so a revocation is seen by then.
 */
export interface OpaqueLookup {
  /** Undefined where unknown, expired or revoked. */
  find(sha256: string): Promise<OpaqueClaims | undefined> | OpaqueClaims | undefined
}

/** The protected resource that was called. */
export interface Resource {
  /** Its canonical URI: the audience that a token must carry, where `accepted` names no other for its issuer. */
  readonly audience: string
  /** By issuer: the audience that its tokens carry in place of the canonical URI. */
  readonly accepted: ReadonlyMap<string, string>
}

/** An inbound secret is about to leave for its own issuer. */
export interface Transit {
  readonly issuer: string
  readonly endpoint: string
  readonly tokenSha256: string
}

export interface Verified {
  readonly principal: Principal
  readonly seal: TokenSeal
}

/** `'refused' in verdict` tells which. */
export type Verdict = Verified | TokenRefusal

export interface VerifierOptions {
  readonly issuers: readonly IssuerSettings[]
  /** The embedded server's tokens; leave it out where there is none. */
  readonly opaque?: OpaqueLookup | undefined
  readonly fetch: GuardedFetch
  /** Called, and awaited, before each transit. Where it throws, the token does not leave and `verify` rejects. */
  readonly onTransit: (transit: Transit) => void | Promise<void>
  readonly tenant?: string
}

export interface Verifier {
  /**
   * Who presents this token at this resource. At once where the verdict is known, else as a promise.
   *
   * Checks all that makes it a token for this resource: RFC 9068 section 4, RFC 7662 section 2.2, or our own store.
   * Does not check scopes, and knows no revocation of a JWT before its `exp`.
   * @param nowMs milliseconds since the epoch.
   * @throws what `onTransit` threw, as the promise's rejection. Unreachable keys, and an opaque lookup that throws, are a
   * refusal, `keys_unavailable`: our fault, so 503.
   */
  verify(token: InboundToken, resource: Resource, nowMs: number): Verdict | Promise<Verdict>
}
