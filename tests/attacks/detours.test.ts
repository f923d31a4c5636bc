/** Threat group E at a running gateway: ways around the decision, and around somebody else's session. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CapturingUpstream, json } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { type ModernCall, type RawAnswer, sendModern } from '../harness/raw.ts'
import { EarlierSession, post, until } from '../harness/session.ts'

const policy = `
permit (principal, action == Sallyport::Action::"list", resource);
permit (principal, action in Sallyport::Action::"call", resource) when { resource.readOnly };
permit (principal, action == Sallyport::Action::"read", resource) when { context.uri like "doc://open/*" };
@id("errs")
forbid (principal, action == Sallyport::Action::"vendor/careful", resource) when { context.arguments.limit > 10 };
`
const readOnly = { annotations: { readOnlyHint: true }, inputSchema: { type: 'object' } }
const secretTool = { name: 'drop_all', description: 'HIDDEN', inputSchema: { type: 'object' } }
const careful = { type: 'object', properties: { limit: { type: 'integer' } } }
const tools = [{ name: 'echo', ...readOnly }, { name: 'careful', ...readOnly, inputSchema: careful }, secretTool]

let vendor: CapturingUpstream
let shadow: CapturingUpstream
let gateway: RunningGateway
let token: string
let session: EarlierSession

beforeAll(async () => {
  ;[vendor, shadow] = await Promise.all([CapturingUpstream.start(), CapturingUpstream.start()])
  vendor.tools = tools
  shadow.tools = [{ name: 'echo', inputSchema: { type: 'object' } }]
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: vendor.url },
      { name: 'shadow', url: shadow.url },
    ],
    clients: { agent: undefined, stranger: undefined },
    policies: { 'main.cedar': policy },
  })
  token = await gateway.token('vendor')
  session = await EarlierSession.open(gateway.endpoint('vendor'), token)
  const listed = await session.post({ id: 1, method: 'tools/list' })
  expect(listed.text).not.toContain('HIDDEN')
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([vendor?.stop(), shadow?.stop()])
})

beforeEach(() => {
  vendor.requests = 0
  vendor.misbehave = () => false
  vendor.tools = tools
})

function modern(more: Partial<ModernCall>): Promise<RawAnswer> {
  return sendModern({ url: gateway.endpoint('vendor'), token, ...more })
}

function tool(name: string, args: Record<string, unknown> = {}): Partial<ModernCall> {
  return { name, params: { name, arguments: args } }
}

describe('threat 63: a call by another way', () => {
  test.each<[string, Partial<ModernCall>]>([
    ['its own name', tool('drop_all')],
    ['its name in another case', tool('Drop_All')],
    ['a space before it', { name: '=?base64?IGRyb3BfYWxs?=', params: { name: ' drop_all' } }],
    ['the name of its action', tool('vendor/drop_all')],
    ['the aggregate name', tool('vendor__drop_all')],
    ['a resource', { method: 'resources/read', name: 'tool://drop_all', params: { uri: 'tool://drop_all' } }],
    ['a dot segment', { method: 'resources/read', name: 'doc://open/../x', params: { uri: 'doc://open/../x' } }],
    [
      'an encoded one',
      { method: 'resources/read', name: 'doc://open/%2e%2e/x', params: { uri: 'doc://open/%2e%2e/x' } },
    ],
    ['a prompt', { method: 'prompts/get', name: 'drop_all', params: { name: 'drop_all' } }],
    [
      'a completion',
      {
        method: 'completion/complete',
        params: { ref: { type: 'ref/prompt', name: 'drop_all' }, argument: { name: 'a', value: 'b' } },
      },
    ],
    [
      'a subscription',
      {
        method: 'subscriptions/listen',
        params: { notifications: { resourceSubscriptions: ['doc://closed/x'] } },
      },
    ],
    ['a task', { method: 'tasks/get', params: { taskId: 'drop_all' } }],
    ['a method in another case', { method: 'Tools/Call', name: 'drop_all', params: { name: 'drop_all' } }],
  ])('%s', async (_, more) => {
    const answer = await modern(more)
    expect(answer.status >= 400 || /"code":(2001|2004|-326\d\d)/.test(answer.body), answer.body).toBe(true)
    expect(vendor.requests).toBe(0)
  })

  test('of 2025-11-25, where no header has to match', async () => {
    const answer = await session.post({ id: 2, method: 'tools/call', params: { name: 'drop_all', arguments: {} } })
    expect(answer.text).toContain('2001')
    const task = { name: 'echo', arguments: {}, task: { ttl: 1 } }
    expect((await session.post({ id: 3, method: 'tools/call', params: task })).status).toBe(200)
    expect(vendor.bytes.toString()).not.toContain('"task"')
    const read = await session.post({ id: 4, method: 'resources/subscribe', params: { uri: 'doc://open/a' } })
    expect(read.text).toContain('2001')
  })

  test('threats 53 and 54: a malformed or doubly encoded name, a key twice, a variant of a key', async () => {
    const twice = Buffer.from(`=?base64?${Buffer.from('echo').toString('base64')}?=`).toString('base64')
    for (const name of ['=?base64?%%%?=', `=?base64?${twice}?=`, '=?base64?ZWNobx==?=', 'echo, drop_all']) {
      expect((await modern({ name, params: { name: 'echo', arguments: {} } })).status, name).toBe(400)
    }
    for (const body of [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"drop_all"}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"drop_all"}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":{"name":"drop_all"},"params":{"name":"echo"}}',
    ]) {
      expect((await modern({ body, name: 'echo' })).status, body).toBe(400)
    }
    expect(vendor.requests).toBe(0)
  })

  test.each([
    ['NFD', 'e\u0301cho'],
    ['a homoglyph', 'ech\u043e'],
    ['a direction mark', 'echo\u202e'],
    ['a zero-width space', 'ec\u200bho'],
    ['NUL', 'echo\u0000'],
    ['full width', '\uff45cho'],
  ])('threat 55: %s in a name', async (_, name) => {
    const answer = await modern({ name: `=?base64?${Buffer.from(name).toString('base64')}?=`, params: { name } })
    expect(answer.status).toBe(400)
    expect(vendor.requests).toBe(0)
  })
})

describe('threat 63: a list by another way than its answer', () => {
  const all = (id: unknown) => `data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { tools } })}\n\n`

  test('on the GET stream', async () => {
    let write: ((text: string) => void) | undefined
    vendor.misbehave = (message, request, response) => {
      if (request.method === 'GET') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        write = (text) => response.write(text)
        return true
      }
      if (message.method !== 'tools/list') return false
      write?.(all(message.id))
      setTimeout(() => response.writeHead(500).end(), 50)
      return true
    }
    const listening = session.listen()
    await until('the stream is open', () => write !== undefined)
    const listed = await session.post({ id: 5, method: 'tools/list' })
    expect(listed.text + listening.text).not.toContain('HIDDEN')
    listening.stop()
  })

  test('resumed after it broke', async () => {
    let asked: unknown
    vendor.misbehave = (message, request, response) => {
      if (request.method === 'POST' && message.method !== 'tools/list') return false
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (request.method === 'GET') response.end(all(asked))
      else response.end('id: e-1\ndata:\n\n')
      asked ??= message.id
      return true
    }
    const listed = await session.post({ id: 6, method: 'tools/list' })
    const listening = session.listen(['Last-Event-ID: e-1'])
    await until('the stream has ended', () => listening.text.endsWith('0\r\n\r\n') || listening.closed)
    expect(listed.text + listening.text).not.toContain('HIDDEN')
    listening.stop()
  })

  test('threat 97: as the answer to somebody else’s id', async () => {
    vendor.misbehave = (message, _, response) => {
      json(response, { jsonrpc: '2.0', id: Number(message.id) + 1, result: { tools } })
      return true
    }
    expect((await session.post({ id: 7, method: 'tools/list' })).status).toBe(503)
  })

  test('that is no JSON is the upstream’s fault', async () => {
    vendor.misbehave = (message, _, response) => {
      const text = `{"jsonrpc":"2.0","id":${message.id},"result":{"tools":[PRIVATE]}}`
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
      return true
    }
    expect((await session.post({ id: 8, method: 'tools/list' })).status).toBe(503)
    expect(gateway.output).not.toContain('PRIVATE')
  })
})

describe('a session is one principal’s, at one upstream', () => {
  test('threat 97: another principal’s, or another upstream’s, is unknown', async () => {
    const stranger = await gateway.token('vendor', { client: 'stranger' })
    const headers = { 'mcp-session-id': session.id }
    const url = gateway.endpoint('vendor')
    expect((await post(url, stranger, { id: 1, method: 'ping' }, headers)).status).toBe(404)
    expect((await post(url, stranger, '{"jsonrpc":"2.0","id":1,"result":{}}', headers)).status).toBe(404)
    const remove = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${stranger}`, ...headers } })
    expect(remove.status).toBe(404)
    const elsewhere = gateway.endpoint('shadow')
    const theirs = await gateway.token('shadow')
    expect((await post(elsewhere, theirs, { id: 1, method: 'ping' }, headers)).status).toBe(404)
    expect(vendor.requests + shadow.requests).toBe(0)
    expect((await session.post({ id: 9, method: 'tools/list' })).status).toBe(200)
  })

  test('threat 97: an answer to nothing that was asked', async () => {
    for (const id of [1, 0, 'theirs', Number.MAX_SAFE_INTEGER]) {
      const answer = await session.post(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
      expect(answer.status).toBe(400)
    }
    expect(vendor.requests).toBe(0)
  })

  test('threat 66: what a session settled on is what counts', async () => {
    const ping = { id: 10, method: 'ping' }
    expect((await session.post(ping, { 'mcp-protocol-version': '1999-01-01' })).status).toBe(400)
    expect((await session.post(ping, { 'mcp-protocol-version': '2026-07-28' })).status).toBeGreaterThanOrEqual(400)
    expect(vendor.requests).toBe(0)
  })
})

describe('definitions and decisions', () => {
  test('threat 62: a tool of the same name at another upstream has a decision of its own', async () => {
    const theirs = await gateway.token('shadow')
    const url = gateway.endpoint('shadow')
    const answer = await sendModern({ url, token: theirs, ...tool('echo') })
    expect(answer.body).toContain('2001')
    expect((await modern(tool('echo'))).status).toBe(200)
  })

  test('threat 64: a forbid that errs denies', async () => {
    expect((await modern(tool('careful', { limit: 5 }))).status).toBe(200)
    expect((await modern(tool('careful', { limit: 11 }))).body).toContain('2001')
    const requests = vendor.requests
    const answer = await modern(tool('careful'))
    expect(answer.body).toContain('2001')
    expect(vendor.requests).toBe(requests)
    const { requestId } = JSON.parse(answer.body).result._meta['dev.sallyport/refusal']
    const [entry] = await gateway.auditWhere((one) => one.requestId === requestId)
    expect(entry?.status).toBe('policy_error')
  })

  test('threat 60: calls that race with a changed list are of the accepted definition, or refused', async () => {
    const changed = [{ name: 'echo', ...readOnly, description: 'now something else' }, ...tools.slice(1)]
    vendor.tools = changed
    const racing = [modern({ method: 'tools/list' }), ...Array.from({ length: 8 }, () => modern(tool('echo')))]
    const answers = await Promise.all(racing)
    const passed = answers.slice(1).filter(({ body }) => body.includes('"done"')).length
    const intents = gateway.audit().filter(({ kind, tool: name }) => kind === 'intent' && name === 'echo')
    expect(new Set(intents.map(({ pin }) => pin)).size).toBe(1)
    expect(passed).toBeLessThanOrEqual(8)
    expect((await modern(tool('echo'))).body).toContain('2004')
    vendor.tools = tools
    await modern({ method: 'tools/list' })
    expect((await modern(tool('echo'))).status).toBe(200)
  })

  test('threat 65: every entry of a call names the policies that it was decided by', async () => {
    const intents = gateway.audit().filter(({ kind }) => kind === 'intent')
    expect(intents.length).toBeGreaterThan(3)
    expect(new Set(intents.map(({ policyVersion }) => policyVersion)).size).toBe(1)
    expect(intents[0]?.policyVersion).toMatch(/^[0-9a-f]{64}$/)
  })

  test('every intent has its outcome', async () => {
    const ofKind = (kind: string) => gateway.audit().filter((entry) => entry.kind === kind)
    await until('they are all there', () => {
      const closed = new Set(ofKind('outcome').map(({ of }) => of))
      return ofKind('intent').every(({ id }) => closed.has(id))
    })
  })
})

describe('threat 36: the state of a request that is made again', () => {
  const state = 'opaque to everybody but the upstream'

  async function question(presented: string, upstream: CapturingUpstream, url: string): Promise<string> {
    upstream.misbehave = (message, _, response) => {
      if (message.method !== 'tools/call') return false
      const result = { resultType: 'input_required', inputRequests: {}, requestState: state }
      json(response, { jsonrpc: '2.0', id: message.id, result })
      return true
    }
    const answer = await sendModern({ url, token: presented, ...tool('echo') })
    upstream.misbehave = () => false
    upstream.requests = 0
    return JSON.parse(answer.body).result.requestState
  }

  const again = (presented: string, requestState: string, name = 'echo') =>
    sendModern({
      url: gateway.endpoint('vendor'),
      token: presented,
      name,
      params: { name, arguments: {}, requestState },
    })

  test('reaches the upstream as it wrote it, from whom it was given to', async () => {
    const given = await question(token, vendor, gateway.endpoint('vendor'))
    expect(given).not.toBe(state)
    vendor.received.length = 0
    expect((await again(token, given)).status).toBe(200)
    expect(vendor.bytes.toString()).toContain(`"requestState":"${state}"`)
  })

  test('is refused of another principal, for another tool, and where it never was given', async () => {
    const given = await question(token, vendor, gateway.endpoint('vendor'))
    const stranger = await gateway.token('vendor', { client: 'stranger' })
    const answers = [await again(stranger, given), await again(token, given, 'careful'), await again(token, state)]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400])
    expect(vendor.requests).toBe(0)
  })
})
