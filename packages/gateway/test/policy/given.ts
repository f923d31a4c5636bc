/** What the tests of policies start from. */
import type { Principal } from '@sallyport/guard'
import { behaviour } from '../../src/catalogue/definition.ts'
import type { AcceptedTool } from '../../src/catalogue/port.ts'
import type { Call, JsonObject, Target } from '../../src/mcp/call.ts'
import { createPolicyEngine } from '../../src/policy/engine.ts'
import { parsePolicies } from '../../src/policy/parse-policies.ts'
import type { PolicyEngine } from '../../src/policy/port.ts'

export const issuer = 'https://idp.example'

export function principal(
  of: Partial<Principal> & { readonly subject?: string; readonly groups?: readonly string[] } = {},
): Principal {
  const { subject = 'ann', groups = [], ...more } = of
  return Object.freeze({
    tenant: 'default',
    person: { issuer, subject, groups },
    agent: { issuer, clientId: 'agent-1' },
    actors: [],
    scopes: new Set(['bank:write']),
    audience: 'https://mcp.example/mcp/bank',
    tokenSha256: '0'.repeat(64),
    expiresAt: 2_000_000_000,
    kind: 'jwt' as const,
    ...more,
  })
}

/** `upstream/name`, with the properties of its input schema; those whose name ends in `!` are required. */
export function tool(id: string, properties: JsonObject = {}, definition: JsonObject = {}): AcceptedTool {
  const [upstream = '', name = ''] = id.split('/')
  const plain = Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key.replace(/!$/, ''), schema]))
  const required = Object.keys(properties).flatMap((key) => (key.endsWith('!') ? key.slice(0, -1) : []))
  const whole: JsonObject = { name, inputSchema: { type: 'object', properties: plain, required }, ...definition }
  return {
    upstream,
    name,
    hash: JSON.stringify(whole),
    definition: whole,
    state: 'accepted',
    pendingReason: undefined,
    ...behaviour(whole),
    validate: () => undefined,
    headerParameters: new Map(),
  }
}

export function call(upstream: string, target: Target, more: Partial<Call> = {}): Call {
  return {
    requestId: 'r1',
    upstream,
    era: 'modern',
    protocolVersion: '2026-07-28',
    kind: 'request',
    method: 'tools/call',
    id: 1,
    target,
    params: {},
    meta: {},
    arguments: undefined,
    bytes: 100,
    session: undefined,
    lastEventId: undefined,
    answers: undefined,
    peer: '192.0.2.7',
    causedBy: undefined,
    ...more,
  }
}

export function callOf({ upstream, name }: AcceptedTool, args?: JsonObject, more: Partial<Call> = {}): Call {
  return call(upstream, { action: 'call', tool: name }, { arguments: args, ...more })
}

/** A catalogue that can change its mind. */
export class Shelf {
  readonly tools = new Map<string, AcceptedTool>()
  constructor(tools: readonly AcceptedTool[]) {
    this.put(...tools)
  }
  put(...tools: readonly AcceptedTool[]): void {
    for (const one of tools) this.tools.set(`${one.upstream}/${one.name}`, one)
  }
  accepted(upstream: string, name: string): AcceptedTool | undefined {
    return this.tools.get(`${upstream}/${name}`)
  }
  acceptedTools(upstream: string): readonly AcceptedTool[] {
    return [...this.tools.values()].filter((one) => one.upstream === upstream)
  }
}

export function engine(policies: string, tools: readonly AcceptedTool[] | Shelf): PolicyEngine {
  const parsed = parsePolicies('test.cedar', policies)
  if (parsed.problems.length > 0) throw new Error(JSON.stringify(parsed.problems))
  const catalogue = tools instanceof Shelf ? tools : new Shelf(tools)
  const upstreams = [{ name: 'bank' }, { name: 'files' }]
  return createPolicyEngine({ policies: parsed.policies, catalogue, config: { upstreams }, tenant: 'default' })
}

export const at = { now: Date.UTC(2026, 10, 20, 12) }
