/**
 * Which OAuth scopes an operation needs. Scopes narrow what a token is for; they never widen what policy allows, and
 * none implies another (exact, case-sensitive: RFC 6749 section 3.3).
 */
import type { AcceptedTool } from './catalogue/port.ts'
import type { Call } from './mcp/call.ts'

export const listScope = 'mcp:list'

/** Any one of these will do; the first is what a challenge names. */
export type RequiredScopes = readonly [string, ...string[]]

/** Every scope that a token for this upstream's endpoint can hold. */
export function upstreamScopes(upstream: string): readonly [string, string, string, string] {
  return [`${upstream}:read`, `${upstream}:write`, `${upstream}:admin`, listScope]
}

export function requiredScopes(
  call: Pick<Call, 'upstream' | 'target'>,
  tool: Pick<AcceptedTool, 'readOnly'> | undefined,
  adminTools: ReadonlySet<string>,
): RequiredScopes {
  const { target, upstream } = call
  switch (target.action) {
    case 'call':
      if (adminTools.has(target.tool)) return [`${upstream}:admin`]
      return tool?.readOnly === true ? [`${upstream}:read`] : [`${upstream}:write`]
    case 'read':
    case 'subscribe':
    case 'prompt':
    case 'complete':
      return [`${upstream}:read`]
    case 'list':
      return upstreamScopes(upstream)
  }
}

export function hasScope(held: ReadonlySet<string>, required: RequiredScopes): boolean {
  return required.some((scope) => held.has(scope))
}
