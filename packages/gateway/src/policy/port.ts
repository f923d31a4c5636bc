import type { Principal } from '@sallyport/guard'
import type { AcceptedTool } from '../catalogue/port.ts'
import type { Call } from '../mcp/call.ts'
import type { Decision } from './decision.ts'

export interface PolicyEngine {
  /**
   * Decides one call; default deny. Pure but for its cache: the same principal object, call and clock give the same
   * decision. Does not check scopes, nor that the arguments fit the tool's schema.
   */
  decide(principal: Principal, call: Call, tool: AcceptedTool | undefined, at: { readonly now: number }): Decision
  /** True where some argument could lead to an allow or an approval: what a list shows. */
  couldAllow(principal: Principal, tool: AcceptedTool): boolean
  /** Names this policy set, in every entry. */
  readonly version: string
  /** What is inactive or wrong and why, for `check` and the operator's log. */
  warnings(): readonly string[]
}
