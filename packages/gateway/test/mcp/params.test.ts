import { describe, expect, test } from 'vitest'
import type { Era, JsonObject, JsonValue } from '../../src/mcp/call.ts'
import { type Message, readMessage } from '../../src/mcp/message.ts'
import { methods } from '../../src/mcp/methods.ts'
import { readContent } from '../../src/mcp/params.ts'

const meta: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

function message(method: string, params?: JsonObject): Message {
  const notification = method.startsWith('notifications/')
  const read = readMessage({
    jsonrpc: '2.0',
    ...(notification ? {} : { id: 1 }),
    method,
    ...(params === undefined ? {} : { params }),
  })
  if ('refused' in read) throw new Error(read.detail)
  return read
}

function content(method: string, params: JsonObject, era: Era = 'earlier') {
  const read = readContent(message(method, era === 'modern' ? { _meta: meta, ...params } : params), era)
  if ('refused' in read) throw new Error(`refused: ${read.detail}`)
  return read
}

function fault(method: string, params?: JsonObject, era: Era = 'earlier'): string {
  const read = readContent(
    message(method, params === undefined || era === 'earlier' ? params : { _meta: meta, ...params }),
    era,
  )
  if (!('refused' in read)) throw new Error('accepted')
  expect(read).toMatchObject({ reason: 'params_invalid', code: -32602, status: 400 })
  return read.detail
}

describe('what each method asks for', () => {
  const uri = 'file:///a'
  const ref = { type: 'ref/prompt', name: 'p' }
  const argument = { name: 'a', value: 'b' }
  test.each<[string, JsonObject, Era, object]>([
    ['tools/call', { name: 't' }, 'modern', { action: 'call', tool: 't' }],
    ['tools/call', { name: 't', arguments: {} }, 'earlier', { action: 'call', tool: 't' }],
    ['tools/list', { cursor: 'x' }, 'modern', { action: 'list' }],
    ['server/discover', {}, 'modern', { action: 'list' }],
    ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }, 'earlier', { action: 'list' }],
    ['ping', {}, 'earlier', { action: 'list' }],
    ['resources/read', { uri }, 'modern', { action: 'read', uri }],
    ['resources/subscribe', { uri }, 'earlier', { action: 'subscribe', uri }],
    ['resources/unsubscribe', { uri }, 'earlier', { action: 'subscribe', uri }],
    ['prompts/get', { name: 'p', arguments: { a: 'b' } }, 'earlier', { action: 'prompt', prompt: 'p' }],
    [
      'completion/complete',
      { ref, argument, context: { arguments: { a: 'b' } } },
      'modern',
      { action: 'complete', ref: 'p' },
    ],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'file:///{+path}' }, argument },
      'earlier',
      { action: 'complete', ref: 'file:///{+path}' },
    ],
    ['subscriptions/listen', { notifications: { toolsListChanged: true } }, 'modern', { action: 'list' }],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: [uri] } },
      'modern',
      { action: 'subscribe', uri },
    ],
    ['logging/setLevel', { level: 'debug' }, 'earlier', { action: 'list' }],
    ['notifications/initialized', {}, 'earlier', { action: 'list' }],
    ['notifications/cancelled', { requestId: 3, reason: 'x' }, 'earlier', { action: 'list' }],
    ['notifications/progress', { progressToken: 'x', progress: 0.5 }, 'earlier', { action: 'list' }],
  ])('%s %j in the %s era', (method, params, era, target) => {
    const read = content(method, params, era)
    expect(read.target).toEqual(target)
    expect(read.params).toEqual(params)
  })
})

test('arguments are the very object that was parsed', () => {
  const given = message('tools/call', { name: 't', arguments: { a: [1] } })
  const read = readContent(given, 'earlier')
  if ('refused' in read || given.kind === 'response') throw new Error('unexpected')
  expect(read.arguments).toBe(given.params?.['arguments'])
  expect(read.params['arguments']).toBe(read.arguments)
})

test('unknown members are left out', () => {
  expect(content('tools/call', { name: 't', task: { ttl: 1 }, extra: 1 }).params).toEqual({ name: 't' })
  expect(
    content('completion/complete', {
      ref: { type: 'ref/prompt', name: 'p', x: 1 },
      argument: { name: 'a', value: '', y: 2 },
    }).params,
  ).toEqual({
    ref: { type: 'ref/prompt', name: 'p' },
    argument: { name: 'a', value: '' },
  })
})

test('threat 63: a completion is for what policy reads, and for nothing beside it', () => {
  const argument = { name: 'a', value: '' }
  const resource = { type: 'ref/resource', uri: 'file:///secret', name: 'harmless' }
  expect(content('completion/complete', { ref: resource, argument })).toMatchObject({
    target: { action: 'complete', ref: 'file:///secret' },
    params: { ref: { type: 'ref/resource', uri: 'file:///secret' } },
  })
  const prompt = { type: 'ref/prompt', name: 'p', title: 'P', uri: 'file:///secret' }
  const read = content('completion/complete', { ref: prompt, argument })
  expect(read.target).toEqual({ action: 'complete', ref: 'p' })
  expect(read.params['ref']).toEqual({ type: 'ref/prompt', name: 'p', title: 'P' })
})

test('what a client adds to try again passes in the modern era alone, without the `_meta` of its answers', () => {
  const inputResponses = { login: { action: 'accept', content: { a: 'b' }, _meta: { baggage: 'x' } } }
  const again = { name: 't', inputResponses, requestState: 'opaque' }
  expect(content('tools/call', again, 'modern').params).toEqual({
    name: 't',
    inputResponses: { login: { action: 'accept', content: { a: 'b' } } },
    requestState: 'opaque',
  })
  expect(content('tools/call', again, 'earlier').params).toEqual({ name: 't' })
})

describe('threat 27: `_meta` by allow-list', () => {
  test('trace context and unknown keys never pass', () => {
    const given = {
      ...meta,
      progressToken: 'p',
      traceparent: '00-a',
      tracestate: 'x',
      baggage: 'token=secret',
      'com.example/x': 1,
      ProgressToken: 2,
    }
    expect(content('tools/call', { name: 't', _meta: given }, 'modern').meta).toEqual({ ...meta, progressToken: 'p' })
  })

  test('nor do they in a client’s answer to the upstream', () => {
    const answer = readMessage({ jsonrpc: '2.0', id: 1, result: { action: 'accept', _meta: { traceparent: 'x' } } })
    if ('refused' in answer) throw new Error(answer.detail)
    expect(readContent(answer, 'earlier')).toMatchObject({ params: { result: { action: 'accept' } } })
    expect(JSON.stringify(readContent(answer, 'earlier'))).not.toContain('traceparent')
  })

  test.each<[JsonValue]>([
    [[]],
    ['x'],
    [{ progressToken: {} }],
    [{ progressToken: 1.5 }],
    [{ 'io.modelcontextprotocol/logLevel': 'loud' }],
  ])('%j is refused', (given) => {
    expect(fault('tools/list', { _meta: given })).toContain('_meta')
  })
})

test('a modern request without its version or capabilities is refused', () => {
  for (const lacking of Object.keys(meta)) {
    const { [lacking]: _, ...rest } = meta
    const read = readContent(message('tools/list', { _meta: rest }), 'modern')
    expect(read).toMatchObject({ code: -32602, status: 400, detail: `\`_meta\` lacks \`${lacking}\`` })
  }
  expect(readContent(message('tools/list'), 'modern')).toMatchObject({ code: -32602 })
})

describe('threat 54: variants of known params', () => {
  test.each([
    ['tools/call', { name: 't', Name: 'u' }, '`params` has `Name`, which is not `name`'],
    ['tools/call', { name: 't', ARGUMENTS: {} }, '`params` has `ARGUMENTS`, which is not `arguments`'],
    ['tools/call', { name: 't', _META: {} }, '`params` has `_META`, which is not `_meta`'],
    ['resources/read', { uri: 'a:b', URI: 'c:d' }, '`params` has `URI`, which is not `uri`'],
  ])('%s %j', (method, params, detail) => expect(fault(method, params)).toBe(detail))
})

test.each<[string, JsonObject | undefined, string]>([
  ['tools/call', undefined, '`params.name` is missing'],
  ['tools/call', { name: '' }, '`params.name` is empty'],
  ['tools/call', { name: 7 }, '`params.name` is not a string'],
  ['tools/call', { name: 't', arguments: [] }, '`params.arguments` is not an object'],
  ['tools/call', { name: 't', arguments: null }, '`params.arguments` is not an object'],
  ['tools/list', { cursor: 1 }, '`params.cursor` is not a string'],
  ['prompts/get', { name: 'p', arguments: { a: 1 } }, '`params.arguments` is not a string'],
  ['initialize', { protocolVersion: '2025-11-25', capabilities: {} }, '`params.clientInfo` is missing'],
  ['logging/setLevel', { level: 'loud' }, '`params.level` is not a log level'],
  ['notifications/cancelled', {}, '`params.requestId` is missing'],
  [
    'completion/complete',
    { ref: { type: 'ref/x' }, argument: { name: 'a', value: '' } },
    '`params.ref` is neither `ref/prompt` nor `ref/resource`',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt' }, argument: { name: 'a', value: '' } },
    '`params.ref` is a reference that is not a string',
  ],
])('%s %j', (method, params, detail) => expect(fault(method, params)).toBe(detail))

test('several resources in one subscription are refused, as policy decides upon one', () => {
  const several = { notifications: { resourceSubscriptions: ['file:///public/a', 'file:///secret'] } }
  expect(fault('subscriptions/listen', several, 'modern')).toContain('a filter of several resources')
})

test('inputResponses that are no answers are refused', () => {
  expect(fault('tools/call', { name: 't', inputResponses: null }, 'modern')).toContain('not an object')
  expect(fault('tools/call', { name: 't', inputResponses: { a: 12345 } }, 'modern')).toContain('not an object')
})

describe('methods of an era', () => {
  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'notifications/cancelled',
    'tasks/get',
    'toString',
    '__proto__',
    'TOOLS/LIST',
  ])('the modern era does not know %s', (method) =>
    expect(readContent(message(method, { _meta: meta }), 'modern')).toMatchObject({ code: -32601, status: 404 }),
  )
  test.each(['server/discover', 'subscriptions/listen', 'tasks/list', 'unknown/method'])(
    'the earlier era does not know %s',
    (method) => expect(readContent(message(method, {}), 'earlier')).toMatchObject({ code: -32601 }),
  )

  test('a request’s method is no notification’s', () => {
    const read = readMessage({ jsonrpc: '2.0', method: 'tools/call', params: { name: 't' } })
    if ('refused' in read) throw new Error(read.detail)
    expect(readContent(read, 'earlier')).toMatchObject({ code: -32601 })
  })

  test('a response is of the earlier era', () => {
    const read = readMessage({ jsonrpc: '2.0', id: 1, result: {} })
    if ('refused' in read) throw new Error(read.detail)
    expect(readContent(read, 'modern')).toMatchObject({ reason: 'message_invalid' })
  })

  test('the methods served, and no other', () => {
    const both = [
      'completion/complete',
      'prompts/get',
      'prompts/list',
      'resources/list',
      'resources/read',
      'resources/templates/list',
      'tools/call',
      'tools/list',
    ]
    const session = ['initialize', 'logging/setLevel', 'ping', 'resources/subscribe', 'resources/unsubscribe']
    const told = ['cancelled', 'initialized', 'progress', 'roots/list_changed'].map((name) => `notifications/${name}`)
    expect([...methods.modern.keys()].sort()).toEqual([...both, 'server/discover', 'subscriptions/listen'].sort())
    expect([...methods.earlier.keys()].sort()).toEqual([...both, ...session, ...told].sort())
  })
})
