import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/mcp/call.ts'
import { idOf, readMessage } from '../../src/mcp/message.ts'

function fault(value: JsonValue): string {
  const read = readMessage(value)
  if (!('refused' in read)) throw new Error('accepted')
  expect(read).toMatchObject({ reason: 'message_invalid', code: -32600, status: 400 })
  return read.detail
}

test.each([
  [{ jsonrpc: '2.0', id: 1, method: 'ping' }, 'request'],
  [{ jsonrpc: '2.0', id: '', method: 'ping', params: {} }, 'request'],
  [{ jsonrpc: '2.0', method: 'notifications/initialized' }, 'notification'],
  [{ jsonrpc: '2.0', id: 1, result: {} }, 'response'],
  [{ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } }, 'response'],
])('%j is a %s', (value, kind) => expect(readMessage(value)).toMatchObject({ kind }))

test('the outcome of a response is rebuilt', () => {
  const error = { code: -1, message: 'no', data: [1], stack: 'at x' }
  expect(readMessage({ jsonrpc: '2.0', id: 1, error })).toMatchObject({
    outcome: { error: { code: -1, message: 'no', data: [1] } },
  })
})

test('threat 56: a batch is refused', () => {
  expect(fault([{ jsonrpc: '2.0', id: 1, method: 'ping' }])).toBe('a batch; send each message in a request of its own')
  expect(fault([])).toMatch(/^a batch/)
})

describe('threat 54: variants of known members', () => {
  test.each(['Method', 'PARAMS', 'Id', 'jsonRPC', 'ReSuLt'])('%s', (key) => {
    const meant = key.toLowerCase()
    expect(fault({ jsonrpc: '2.0', id: 1, method: 'tools/call', [key]: 'x' })).toBe(
      `the member \`${key}\`, which is not \`${meant}\``,
    )
  })

  test('and unknown ones', () => {
    expect(fault({ jsonrpc: '2.0', id: 1, method: 'ping', auth: 'x' })).toBe('the unknown member `auth`')
    expect(fault({ jsonrpc: '2.0', id: 1, method: 'ping', ['k'.repeat(30)]: 1 })).toBe(
      'the unknown member (30 characters)',
    )
  })
})

test.each<[JsonValue]>([
  [null],
  ['ping'],
  [{}],
  [{ jsonrpc: '1.0', id: 1, method: 'ping' }],
  [{ jsonrpc: '2.0', id: null, method: 'ping' }],
  [{ jsonrpc: '2.0', id: 1.5, method: 'ping' }],
  [{ jsonrpc: '2.0', id: {}, method: 'ping' }],
  [{ jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }],
  [{ jsonrpc: '2.0', id: 1, method: '' }],
  [{ jsonrpc: '2.0', id: 1, method: 'a b' }],
  [{ jsonrpc: '2.0', id: 1, method: 'x'.repeat(129) }],
  [{ jsonrpc: '2.0', id: 1, method: 7 }],
  [{ jsonrpc: '2.0', id: 1, method: 'ping', params: [] }],
  [{ jsonrpc: '2.0', id: 1, method: 'ping', params: null }],
  [{ jsonrpc: '2.0', id: 1, method: 'ping', result: {} }],
  [{ jsonrpc: '2.0', id: 1 }],
  [{ jsonrpc: '2.0', result: {} }],
  [{ jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }],
  [{ jsonrpc: '2.0', id: 1, result: [] }],
  [{ jsonrpc: '2.0', id: 1, error: { code: 1.5, message: '' } }],
  [{ jsonrpc: '2.0', id: 1, error: { code: 1 } }],
  [{ jsonrpc: '2.0', id: 1, result: {}, params: {} }],
])('%j is no message', (value) => expect(fault(value)).not.toBe(''))

test('the id of a refused message is told where it can be', () => {
  expect(idOf({ id: 7, method: 1 })).toBe(7)
  expect([idOf({ id: null }), idOf([1]), idOf('x')]).toEqual([undefined, undefined, undefined])
})
