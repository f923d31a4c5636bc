import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { replaceSubscriptionId, splitEnvelope } from '../../src/mcp/envelope.ts'

describe('an upstream’s message', () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"result":{}}', { kind: 'response', id: 1, isError: false, method: undefined }],
    ['{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"x"}}', { kind: 'response', id: 'a', isError: true }],
    ['{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}', { kind: 'response', id: undefined, isError: true }],
    ['{"jsonrpc":"2.0","id":null,"error":{}}', { kind: 'response', id: undefined, isError: true }],
    [' {\n "result" : {"id":9} , "id":\t"\\u0061" ,"jsonrpc":"2.0"} \r\n', { kind: 'response', id: 'a' }],
    ['{"jsonrpc":"2.0","id":0,"method":"ping"}', { kind: 'request', id: 0, method: 'ping' }],
    [
      '{"jsonrpc":"2.0","method":"notifications/message","params":{}}',
      { kind: 'notification', id: undefined, method: 'notifications/message' },
    ],
    ['{"jsonrpc":"2.0","\\u0069d":1,"result":{}}', { kind: 'response', id: 1 }],
  ])('%s', (text, expected) => expect(splitEnvelope(text)).toMatchObject(expected))

  test.each([
    '',
    'null',
    '[]',
    '[{"jsonrpc":"2.0","id":1,"result":{}}]',
    '{"jsonrpc":"2.0","id":1,"result":{}}{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"\\u0069d":2,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"Id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"extra":1}',
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","result":{}}',
    '{"jsonrpc":"2.0","id":null,"result":{}}',
    '{"jsonrpc":"2.0","id":1.5,"result":{}}',
    '{"jsonrpc":"2.0","id":9007199254740993,"result":{}}',
    '{"jsonrpc":"2.0","id":01,"result":{}}',
    '{"jsonrpc":"2.0","id":{},"result":{}}',
    '{"jsonrpc":"2.0","id":"a,"result":{}}',
    '{"jsonrpc":"1.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"method":7}',
    '{"jsonrpc":"2.0","id":1,"method":"a","result":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{}',
    '{"jsonrpc":"2.0","id":1,"result":}',
    '{"jsonrpc":"2.0","id":1,"result":{},}',
    '{"jsonrpc":"2.0",,"id":1,"result":{}}',
    '{"jsonrpc":"2.0" "id":1,"result":{}}',
    '{jsonrpc:"2.0","id":1,"result":{}}',
    `{"jsonrpc":"2.0","id":"${'x'.repeat(257)}","result":{}}`,
  ])('%s is none', (text) => expect(splitEnvelope(text)).toBeUndefined())
})

describe('its id', () => {
  test('is replaced, and every other byte stays', () => {
    const text = '{ "result" :{"id":1.0,"n":1e2,"s":"\\u0041\\/"},"id" : 12 ,"jsonrpc":"2.0"}'
    expect(splitEnvelope(text)?.replaceId('a"b')).toBe(
      '{ "result" :{"id":1.0,"n":1e2,"s":"\\u0041\\/"},"id" : "a\\"b" ,"jsonrpc":"2.0"}',
    )
  })

  test('is added to an error that could not name one', () => {
    const replaced = splitEnvelope('{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}')?.replaceId(5)
    expect(JSON.parse(replaced ?? '')).toEqual({ id: 5, jsonrpc: '2.0', error: { code: 1, message: 'x' } })
    expect(splitEnvelope('{"jsonrpc":"2.0","id":null,"error":{}}')?.replaceId(5)).toBe(
      '{"jsonrpc":"2.0","id":5,"error":{}}',
    )
  })

  test('whatever the message holds, and however it is written', () => {
    const id = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary', maxLength: 20 }))
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
        id,
        id,
        fc.constantFrom(undefined, 1, '\t'),
        (result, from, to, space) => {
          const text = JSON.stringify({ jsonrpc: '2.0', result, id: from }, undefined, space)
          const envelope = splitEnvelope(text)
          expect(envelope).toMatchObject({ kind: 'response', id: from })
          expect(JSON.parse(envelope?.replaceId(to) ?? '')).toEqual({ ...JSON.parse(text), id: to })
        },
      ),
    )
  })

  test('strings of quotes and backslashes do not hide it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('"', '\\', '{', '}', ',', 'x'.repeat(30), '😀'), { maxLength: 60 }),
        (parts) => {
          const text = JSON.stringify({ jsonrpc: '2.0', result: { text: parts.join('') }, id: 1 })
          expect(splitEnvelope(text)?.replaceId(2)).toBe(text.replace(/1\}$/, '2}'))
        },
      ),
    )
  })
})

describe('the id of a subscription', () => {
  const key = 'io.modelcontextprotocol/subscriptionId'
  test.each([
    [
      `{"jsonrpc":"2.0","method":"n","params":{"_meta":{"${key}":7},"uri":"a"}}`,
      `{"jsonrpc":"2.0","method":"n","params":{"_meta":{"${key}":"c"},"uri":"a"}}`,
    ],
    [
      `{"jsonrpc":"2.0","id":7,"result":{"_meta":{"a":1, "${key}" : 7}}}`,
      `{"jsonrpc":"2.0","id":7,"result":{"_meta":{"a":1, "${key}" : "c"}}}`,
    ],
    [
      `{"jsonrpc":"2.0","method":"n","params":{"_meta":{"${key.replace('/', '\\/')}":7}}}`,
      `{"jsonrpc":"2.0","method":"n","params":{"_meta":{"${key.replace('/', '\\/')}":"c"}}}`,
    ],
    [`{"jsonrpc":"2.0","method":"n","params":{"_meta":{}}}`, `{"jsonrpc":"2.0","method":"n","params":{"_meta":{}}}`],
    ['{"jsonrpc":"2.0","method":"n"}', '{"jsonrpc":"2.0","method":"n"}'],
    [
      `{"jsonrpc":"2.0","method":"n","params":{"x":{"_meta":{"${key}":7}}}}`,
      `{"jsonrpc":"2.0","method":"n","params":{"x":{"_meta":{"${key}":7}}}}`,
    ],
  ])('%s', (text, replaced) => expect(replaceSubscriptionId(text, 'c')).toBe(replaced))

  test.each([
    `{"jsonrpc":"2.0","method":"n","params":{"_meta":{"${key}":7,"${key}":8}}}`,
    `{"jsonrpc":"2.0","method":"n","params":{"_meta":{},"_meta":{"${key}":8}}}`,
    '{"jsonrpc":"2.0","method":"n","params":{"_meta":[]}}',
  ])('%s cannot be told', (text) => expect(replaceSubscriptionId(text, 'c')).toBeUndefined())
})
