import { describe, expect, test } from 'vitest'
import type { EgressResult } from '../../src/egress/port.ts'
import { type Asked, answerOf, lastMessageOf } from '../../src/ingress/respond.ts'
import { type Refusal, type RefusalReason, refuse } from '../../src/refusal.ts'

const asked = (fields: Partial<Asked> = {}): Asked => ({
  requestId: 'r1',
  kind: 'request',
  id: 7,
  era: 'modern',
  method: 'tools/call',
  ...fields,
})
const list = (fields: Partial<Asked> = {}) => asked({ method: 'tools/list', ...fields })
const body = (result: EgressResult | Refusal, of: Asked) => JSON.parse(answerOf(result, of).json ?? 'null')

function response(fields: Partial<Extract<EgressResult, { kind: 'response' }>> = {}): EgressResult {
  return {
    kind: 'response',
    json: '{"jsonrpc":"2.0","id":7,"result":{}}',
    isError: false,
    status: 200,
    event: undefined,
    upstreamSession: 'theirs',
    ...fields,
  }
}

const error = (code: number) => `{"jsonrpc":"2.0","id":7,"error":{"code":${code},"message":"x"}}`

describe('refusals of a tool call that the model can read', () => {
  test.each<[RefusalReason, number]>([
    ['not_permitted', 2001],
    ['policy_error', 2001],
    ['approval_needed', 2002],
    ['tool_pending', 2004],
  ])('%s', (reason, code) => {
    const refusal = refuse(reason, 'exact, for the log', { data: { url: 'https://x' } })
    const answer = answerOf(refusal, asked())
    expect(answer.status).toBe(200)
    const { result, id } = JSON.parse(answer.json ?? '')
    expect([id, result.isError, result.resultType, result.content.length]).toEqual([7, true, 'complete', 1])
    expect(result.content[0]).toEqual({ type: 'text', text: `${refusal.message} (${code}, request r1)` })
    expect(result._meta).toEqual({ 'dev.sallyport/refusal': { code, requestId: 'r1', url: 'https://x' } })
    expect(answer.json).not.toContain('exact')
    expect(body(refusal, asked({ era: 'earlier' })).result).not.toHaveProperty('resultType')
  })

  test('on any other method they are errors, with 200', () => {
    expect(answerOf(refuse('not_permitted', 'x'), list())).toMatchObject({ status: 200 })
    expect(body(refuse('not_permitted', 'x'), list())).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: 2001, message: 'policy does not allow this', data: { code: 2001, requestId: 'r1' } },
    })
  })
})

test.each<[RefusalReason, number, number]>([
  ['too_many', 2005, 429],
  ['log_unavailable', 2006, 503],
  ['leak_outgoing', 2007, 502],
  ['leak_incoming', 2007, 502],
  ['upstream_unavailable', 2008, 503],
  ['credential_unavailable', 2008, 503],
  ['cannot_be_bridged', 2009, 200],
  ['tool_unknown', -32602, 200],
  ['internal', -32603, 500],
])('%s is an error, also on a tool call', (reason, code, status) => {
  const answer = answerOf(refuse(reason, 'secret detail', { retryAfterSeconds: 3 }), asked())
  expect(answer.status).toBe(status)
  expect(answer.headers).toEqual(['retry-after', '3'])
  expect(JSON.parse(answer.json ?? '').error).toMatchObject({
    code,
    data: { code, requestId: 'r1', retryAfterSeconds: 3 },
  })
  expect(answer.json).not.toContain('secret detail')
})

test('a refused scope carries its challenge', () => {
  const answer = answerOf(refuse('scope_insufficient', 'x', { challenge: 'Bearer scope="a"' }), list())
  expect([answer.status, answer.headers]).toEqual([403, ['www-authenticate', 'Bearer scope="a"']])
})

test('more members of `data` do not replace ours', () => {
  const refusal = refuse('version_unsupported', 'x', {
    data: { supported: ['a'], requested: 'b', code: 0, requestId: 'forged' },
  })
  expect(body(refusal, list()).error.data).toEqual({ supported: ['a'], requested: 'b', code: -32022, requestId: 'r1' })
})

test('before its id was read, a message has none in 2026-07-28 and null before', () => {
  const refusal = refuse('json_invalid', 'x')
  expect(body(refusal, list({ kind: undefined, id: undefined }))).not.toHaveProperty('id')
  expect(body(refusal, list({ kind: undefined, id: undefined, era: 'earlier' })).id).toBeNull()
})

describe('an upstream’s response', () => {
  test('passes as it came', () => {
    expect(answerOf(response(), asked())).toEqual({
      status: 200,
      headers: [],
      json: '{"jsonrpc":"2.0","id":7,"result":{}}',
    })
  })

  test.each([
    [-32601, 200, 404],
    [-32020, 200, 400],
    [-32021, 400, 400],
    [-32022, 200, 400],
    [-32602, 400, 400],
    [-32602, 200, 200],
    [-32000, 401, 200],
    [-32000, 503, 200],
  ])('the error %d, which came with %d, has the status that 2026-07-28 ties to it: %d', (code, status, expected) => {
    const result = response({ json: error(code), isError: true, status })
    expect(answerOf(result, asked()).status).toBe(expected)
    expect(answerOf(result, asked({ era: 'earlier' })).status).toBe(200)
  })

  test('that is an error which nobody can read', () => {
    expect(answerOf(response({ json: '{"jsonrpc":"2.0","error":{]}', isError: true }), asked()).status).toBe(200)
  })
})

test('what does not answer the question is the upstream’s fault', () => {
  const cases: [EgressResult, Partial<Asked>][] = [
    [response(), { kind: 'notification', id: undefined }],
    [{ kind: 'accepted', status: 202 }, {}],
    [{ kind: 'ended', status: 200 }, {}],
  ]
  for (const [result, fields] of cases) expect(answerOf(result, asked(fields))).toMatchObject({ status: 503 })
})

test('a failed send is its refusal', () => {
  const result: EgressResult = {
    kind: 'refused',
    refusal: refuse('upstream_timeout', 'x'),
    sent: true,
    status: undefined,
  }
  expect(answerOf(result, asked()).status).toBe(503)
  expect(JSON.parse(lastMessageOf(result, asked()) ?? '').error.code).toBe(2008)
})

test('the last message of a stream', () => {
  expect(lastMessageOf(response(), asked())).toBe('{"jsonrpc":"2.0","id":7,"result":{}}')
  expect(JSON.parse(lastMessageOf(refuse('leak_incoming', 'x'), asked()) ?? '')).toMatchObject({
    id: 7,
    error: { code: 2007 },
  })
  expect(lastMessageOf({ kind: 'ended', status: 200 }, asked())).toBeUndefined()
  expect(lastMessageOf(refuse('leak_incoming', 'x'), asked({ kind: 'stream', id: undefined }))).toBeUndefined()
})
