import type { Principal } from '@sallyport/guard'
import { expect, test } from 'vitest'
import type { AcceptedTool } from '../../src/catalogue/port.ts'
import { starterPolicy } from '../../src/cli/init-files.ts'
import type { Call, Target } from '../../src/mcp/call.ts'
import { createPolicyEngine, loadPolicies } from '../../src/policy/index.ts'
import { openTerminal } from './rig.ts'

const url = 'http://127.0.0.1:8080'

function toolOf(name: string, readOnly: boolean): AcceptedTool {
  return {
    upstream: 'files',
    name,
    hash: name,
    definition: { name, inputSchema: { type: 'object', properties: { path: { type: 'string' } } } },
    state: 'accepted',
    pendingReason: undefined,
    readOnly,
    destructive: !readOnly,
    validate: () => undefined,
    headerParameters: new Map(),
  }
}

const tools = new Map([toolOf('read_file', true), toolOf('write_file', false)].map((tool) => [tool.name, tool]))

function principalOf(clientId: string, issuer = url): Principal {
  return {
    tenant: 'default',
    person: undefined,
    agent: { issuer, clientId },
    actors: [],
    scopes: new Set(['files:read', 'files:write', 'mcp:list']),
    audience: `${url}/mcp/files`,
    tokenSha256: '00'.repeat(32),
    expiresAt: 2_000_000_000,
    kind: 'opaque',
  }
}

function callOf(target: Target): Call {
  const call = target.action === 'call'
  const given = call ? { path: '/srv' } : undefined
  return {
    requestId: 'r',
    upstream: 'files',
    era: 'modern',
    protocolVersion: '2026-07-28',
    kind: 'request',
    method: call ? 'tools/call' : 'tools/list',
    id: 1,
    target,
    params: given === undefined ? {} : { arguments: given },
    meta: {},
    arguments: given,
    bytes: 10,
    session: undefined,
    lastEventId: undefined,
    answers: undefined,
    peer: '127.0.0.1',
    causedBy: undefined,
  }
}

test.each([
  ['the agent lists', 'agent', url, { action: 'list' }, 'allow'],
  ['the agent calls a tool that only reads', 'agent', url, { action: 'call', tool: 'read_file' }, 'allow'],
  ['the agent calls a tool that writes', 'agent', url, { action: 'call', tool: 'write_file' }, 'deny'],
  ['the agent reads a resource', 'agent', url, { action: 'read', uri: 'file:///x' }, 'deny'],
  ['another client lists', 'other', url, { action: 'list' }, 'deny'],
  ['a client of this name at another issuer lists', 'agent', 'https://login.example.com', { action: 'list' }, 'deny'],
] as const)('starter policy: %s', async (_title, client, issuer, target, outcome) => {
  const terminal = await openTerminal()
  await terminal.write('starter.cedar', starterPolicy(url))
  const { policies, problems } = await loadPolicies(terminal.folder)
  expect(problems).toEqual([])
  const engine = createPolicyEngine({
    policies,
    catalogue: { accepted: (_, name) => tools.get(name), acceptedTools: () => [...tools.values()] },
    config: { upstreams: [{ name: 'files' }] },
    tenant: 'default',
  })
  expect(engine.warnings()).toEqual([])
  const tool = target.action === 'call' ? tools.get(target.tool) : undefined
  const decision = engine.decide(principalOf(client, issuer), callOf(target), tool, { now: 1_795_000_000 })
  expect(decision.outcome).toBe(outcome)
})
