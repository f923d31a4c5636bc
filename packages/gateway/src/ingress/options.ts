import type { ChallengeError, Resource, Verifier } from '@sallyport/guard'
import type { Clock, RandomBytes } from '../clock.ts'
import type { Deadlines } from './deadlines.ts'
import type { HeadRules } from './head.ts'
import type { Site } from './hosts.ts'
import type { RequestStates } from './request-state.ts'
import type { Sessions } from './sessions.ts'
import type { IngressLimits } from './settings.ts'
import type { UnreadAnswers } from './unread-answers.ts'

/** One MCP endpoint as a protected resource. */
export interface Endpoint extends Resource {
  /** What the challenge asks for: the least that is useful. */
  readonly scopes: readonly string[]
}

export interface IngressOptions {
  /** Public origin. */
  readonly url: string
  readonly site: Site
  /** By upstream name; no other path is served. */
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly verifier: Pick<Verifier, 'verify'>
  readonly sessions: Sessions
  readonly states: RequestStates
  readonly clock: Clock
  readonly random: RandomBytes
  /** `x-mcp-header` parameters of a tool; undefined where the catalogue does not know it. */
  readonly headerParameters: (upstream: string, tool: string) => ReadonlyMap<string, readonly string[]> | undefined
  readonly limits?: Partial<IngressLimits>
}

/** What every exchange shares. */
export interface Shared extends Omit<IngressOptions, 'limits'> {
  readonly limits: IngressLimits
  readonly bodyDeadlines: Deadlines
  readonly drainDeadlines: Deadlines
  readonly keepAlive: Deadlines
  readonly slowReader: Deadlines
  readonly unread: UnreadAnswers
  readonly streamChecks: Deadlines
  readonly rules: HeadRules
  /** `WWW-Authenticate` of this endpoint. */
  challengeOf(upstream: string, error: ChallengeError | undefined): string
}
