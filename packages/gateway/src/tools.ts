/**
 * What the pipeline does with the catalogue: a tool's definition before a call is decided, and lists on their way back,
 * learned first and then shown as policy allows.
 */
import type { AcceptedTool, Catalogue } from './catalogue/port.ts'
import type { EgressResult } from './egress/port.ts'
import type { AcceptedRequest } from './ingress/exchange.ts'
import type { Call, JsonObject, JsonValue } from './mcp/call.ts'
import type { PolicyEngine } from './policy/port.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'
import type { Authorized } from './stages.ts'

/** Pages of `tools/list` read before a first call; at 100 tools a page, well over any catalogue's bound. */
const maximumPages = 50

export interface Tools {
  /**
   * The accepted definition that a `tools/call` names, its arguments checked; undefined for every other method. Lists
   * first, as an authorized send of this principal, where nobody has listed yet.
   */
  resolve(
    request: AcceptedRequest,
    list: (request: AcceptedRequest) => Promise<EgressResult | Refusal>,
  ): Promise<AcceptedTool | undefined | Refusal> | AcceptedTool | undefined | Refusal
  /** The result as the client may see it. Everything but lists and capabilities passes untouched. */
  present(authorized: Authorized, result: EgressResult): EgressResult | Refusal | Promise<EgressResult | Refusal>
}

export interface ToolsOptions {
  readonly catalogue: Catalogue
  readonly policy: PolicyEngine
  readonly now: () => number
  readonly newRequestId: () => string
  /** Definitions that wait or were refused: for the operator's log. */
  readonly report: (upstream: string, name: string, what: string) => void
}

export function createTools(options: ToolsOptions): Tools {
  const { catalogue } = options

  const resolve: Tools['resolve'] = (request, list) => {
    const { call } = request
    if (call.kind !== 'request' || call.target.action !== 'call') return undefined
    if (catalogue.knows(call.upstream)) return accepted(request, call.target.tool)
    return listAll(request, list).then((refusal) => refusal ?? accepted(request, toolOf(call)))
  }

  function accepted({ call, seal }: AcceptedRequest, name: string): AcceptedTool | Refusal {
    const tool = catalogue.accepted(call.upstream, name)
    if (tool === undefined) {
      const pending = catalogue.pending(call.upstream, name)
      if (pending === undefined)
        return refuse('tool_unknown', `\`${name.slice(0, 128)}\` is not in the catalogue of ${call.upstream}`)
      return refuse(
        'tool_pending',
        `\`${name}\` is pending: ${pending.pendingReason ?? 'not accepted'}; \`sallyport pin accept ${call.upstream} ${name}\``,
      )
    }
    const problem = tool.validate(call.arguments ?? {})
    if (problem === undefined) return tool
    // It names keys of the client's, which go to the log before egress has searched them.
    if (seal.matches(Buffer.from(problem))) return refuse('leak_outgoing', 'the access token stands in a key')
    return refuse('arguments_invalid', problem, {
      message: `the arguments do not fit the schema of the tool: ${problem}`,
    })
  }

  async function listAll(
    request: AcceptedRequest,
    list: Parameters<Tools['resolve']>[1],
  ): Promise<Refusal | undefined> {
    let cursor: JsonValue | undefined
    for (let page = 0; page < maximumPages; page += 1) {
      const result = await list({ ...request, call: listCall(request.call, cursor, options.newRequestId()) })
      if (isRefusal(result)) return result
      if (result.kind === 'refused') return result.refusal
      if (result.kind !== 'response' || result.isError)
        return refuse('upstream_invalid', `${request.call.upstream} did not list its tools`)
      cursor = nextCursor(result.json)
      if (cursor === undefined) return undefined
    }
    return refuse('upstream_invalid', `${request.call.upstream} lists more than ${maximumPages} pages of tools`)
  }

  const present: Tools['present'] = (authorized, result) => {
    if (result.kind !== 'response' || result.isError) return result
    const rewrite = rewrites[authorized.call.method]
    return rewrite === undefined ? result : rewrite(authorized, result)
  }

  type Response = Extract<EgressResult, { kind: 'response' }>
  type Rewrite = (authorized: Authorized, result: Response) => EgressResult | Refusal | Promise<EgressResult | Refusal>

  const rewrites: Readonly<Record<string, Rewrite>> = {
    initialize: (_, result) => rebuild(result, withoutTasks),
    'server/discover': (_, result) => rebuild(result, (body) => privately(withoutTasks(body))),
    'tools/list': async ({ principal, call }, result) => {
      const message = parseResult(result)
      const tools = message?.result.tools
      if (message === undefined || !Array.isArray(tools))
        return refuse('upstream_invalid', 'tools/list without an array of tools')
      const last = message.result.nextCursor === undefined
      const learned = await catalogue.learn(call.upstream, tools, last)
      for (const { name, why } of learned.refused) options.report(call.upstream, name, why)
      for (const { name, pendingReason } of learned.pending)
        options.report(call.upstream, name, pendingReason ?? 'pending')
      const shown = learned.accepted
        .filter((tool) => options.policy.couldAllow(principal, tool))
        .map((tool) => tool.definition)
      return {
        ...result,
        json: JSON.stringify({ ...message.rest, result: privately({ ...message.result, tools: shown }) }),
      }
    },
    'resources/list': (authorized, result) =>
      filtered(authorized, result, 'resources', (item) =>
        typeof item.uri === 'string' ? { action: 'read', uri: item.uri } : undefined,
      ),
    'resources/templates/list': (_, result) => rebuild(result, privately),
    'resources/read': (_, result) => rebuild(result, privately),
    'prompts/list': (authorized, result) =>
      filtered(authorized, result, 'prompts', (item) =>
        typeof item.name === 'string' ? { action: 'prompt', prompt: item.name } : undefined,
      ),
  }

  function filtered(
    { principal, call }: Authorized,
    result: Response,
    member: 'resources' | 'prompts',
    targetOf: (item: JsonObject) => Call['target'] | undefined,
  ): EgressResult | Refusal {
    const message = parseResult(result)
    const items = message?.result[member]
    if (message === undefined || !Array.isArray(items))
      return refuse('upstream_invalid', `${call.method} without an array of ${member}`)
    const shown = items.filter((item) => {
      const target = isObject(item) ? targetOf(item) : undefined
      if (target === undefined) return false
      const method = target.action === 'prompt' ? 'prompts/get' : 'resources/read'
      return (
        options.policy.decide(principal, { ...call, method, target }, undefined, { now: options.now() }).outcome !==
        'deny'
      )
    })
    return {
      ...result,
      json: JSON.stringify({ ...message.rest, result: privately({ ...message.result, [member]: shown }) }),
    }
  }

  return { resolve, present }
}

function toolOf(call: Call): string {
  return call.target.action === 'call' ? call.target.tool : ''
}

function listCall(call: Call, cursor: JsonValue | undefined, requestId: string): Call {
  return {
    ...call,
    requestId,
    method: 'tools/list',
    target: { action: 'list' },
    params: cursor === undefined ? {} : { cursor },
    meta: Object.fromEntries(Object.entries(call.meta).filter(([key]) => key !== 'progressToken')),
    arguments: undefined,
    causedBy: call.requestId,
  }
}

function nextCursor(json: string): JsonValue | undefined {
  const cursor = parseResult({ json })?.result.nextCursor
  return typeof cursor === 'string' ? cursor : undefined
}

/** Undefined where it is no result; egress looked at the envelope alone, so it may be no JSON at all. */
function parseResult({ json }: { readonly json: string }): { rest: JsonObject; result: JsonObject } | undefined {
  let message: unknown
  try {
    message = JSON.parse(json)
  } catch {
    return undefined
  }
  return isObject(message) && isObject(message.result) ? { rest: message, result: message.result } : undefined
}

function rebuild<T extends { readonly json: string }>(response: T, change: (result: JsonObject) => JsonObject): T {
  const message = parseResult(response)
  if (message === undefined) return response
  const changed = change(message.result)
  return changed === message.result
    ? response
    : { ...response, json: JSON.stringify({ ...message.rest, result: changed }) }
}

/** What one principal may see is nobody else's to cache (MCP 2026-07-28, Caching). */
function privately(result: JsonObject): JsonObject {
  return result.cacheScope === undefined || result.cacheScope === 'private'
    ? result
    : { ...result, cacheScope: 'private' }
}

/** Tasks are not carried, so they are not advertised. */
function withoutTasks(result: JsonObject): JsonObject {
  const { capabilities } = result
  if (!isObject(capabilities)) return result
  const { tasks, ...rest } = capabilities
  const extensions = isObject(rest.extensions) ? rest.extensions : {}
  if (tasks === undefined && extensions[tasksExtension] === undefined) return result
  const { [tasksExtension]: _, ...others } = extensions
  return { ...result, capabilities: { ...rest, ...(rest.extensions === undefined ? {} : { extensions: others }) } }
}

const tasksExtension = 'io.modelcontextprotocol/tasks'

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
