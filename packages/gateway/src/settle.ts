import type { Principal } from '@sallyport/guard'
import { challenge, metadataPath } from '@sallyport/guard'
import type { Call } from './mcp/call.ts'
import type { Decision } from './policy/decision.ts'
import type { Refusal } from './refusal.ts'
import { refuse } from './refusal.ts'
import type { RequiredScopes } from './scopes.ts'
import { hasScope } from './scopes.ts'
import { type Authorized, mint } from './stages.ts'

/**
 * Turns a decision into leave to go on, or into a refusal; the only maker of an `Authorized`. Policy speaks first, so
 * that a missing scope is named only where policy would then allow. An approval cannot be given in this version, so a
 * call that needs one is refused.
 */
export function settle(
  principal: Principal,
  call: Call,
  decision: Decision,
  scopes: RequiredScopes,
  pin: string | undefined,
): Authorized | Refusal {
  if (decision.outcome === 'deny') {
    return refuse(decision.reason, `${describe(call)}: ${decision.errors.join('; ') || 'no policy permits it'}`)
  }
  if (!hasScope(principal.scopes, scopes)) return insufficientScope(principal, call, scopes[0])
  if (decision.outcome === 'require_approval') {
    const asked = decision.approvers.map(({ group, count }) => `${count} of ${group}`).join(', ')
    return refuse('approval_needed', `${describe(call)}: needs ${asked}`)
  }
  return mint<Authorized>({ upstream: call.upstream, principal, call, decision, pin })
}

/** RFC 6750 section 3.1; every scope of the operation at once, beside those the token already holds. */
function insufficientScope(principal: Principal, call: Call, missing: string): Refusal {
  const { origin } = new URL(principal.audience)
  return refuse('scope_insufficient', `${describe(call)}: the token lacks ${missing}`, {
    challenge: challenge({
      resourceMetadata: `${origin}${metadataPath(principal.audience)}`,
      error: 'insufficient_scope',
      scope: [...principal.scopes, missing].join(' '),
    }),
  })
}

function describe(call: Call): string {
  const { target } = call
  switch (target.action) {
    case 'call':
      return `call of ${target.tool}`
    case 'read':
    case 'subscribe':
      return `${target.action} of ${target.uri.slice(0, 200)}`
    case 'prompt':
      return `prompt ${target.prompt}`
    case 'complete':
      return `completion for ${target.ref.slice(0, 200)}`
    case 'list':
      return call.method
  }
}
