/** A human or workload as its issuer names it. `subject` is unique within `issuer` only. */
export interface Person {
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]
}

/** The OAuth client that presented the token (RFC 9068 section 2.2, `client_id`). */
export interface Agent {
  readonly issuer: string
  readonly clientId: string
}

/** One link of the `act` chain (RFC 8693 section 4.1); outermost, the current actor, first. */
export interface Actor {
  readonly issuer: string
  readonly subject: string
}

/**
 * Who calls: a verified issuer, subject, client and actors. Made only by verification, frozen, and the same object for
 * as long as the verdict on its token is cached, so that it can key what is computed once per token.
 */
export interface Principal {
  readonly tenant: string
  /** Absent where the agent acts for nobody but itself (client credentials). */
  readonly person: Person | undefined
  readonly agent: Agent
  readonly actors: readonly Actor[]
  readonly scopes: ReadonlySet<string>
  readonly audience: string
  /** SHA-256 of the access token, lower-case hex: all that a log may say of it. */
  readonly tokenSha256: string
  /** NumericDate, seconds (RFC 7519 section 2). */
  readonly expiresAt: number
  readonly kind: 'opaque' | 'jwt' | 'introspected'
}

/** Names a principal within its tenant: the person where there is one, and always the agent. */
export function principalKey(principal: Principal): string {
  const { person, agent } = principal
  return JSON.stringify([principal.tenant, person?.issuer ?? '', person?.subject ?? '', agent.issuer, agent.clientId])
}
