import { randomBytes } from 'node:crypto'
import type { Principal } from '@sallyport/guard'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RequestStates, type StateUse } from '../../src/ingress/request-state.ts'

const states = new RequestStates(randomBytes(32))

function use(more: Partial<StateUse> & { readonly subject?: string; readonly audience?: string } = {}): StateUse {
  const { subject = 'ada', audience = 'https://g.example/mcp/vendor', ...others } = more
  const principal = {
    tenant: 'default',
    person: { issuer: 'https://i.example', subject, groups: [] },
    agent: { issuer: 'https://i.example', clientId: 'agent' },
    audience,
  } as unknown as Principal
  return { principal, upstream: 'vendor', method: 'tools/call', params: { name: 'pay' }, ...others }
}

const response = (result: string) => `{"jsonrpc":"2.0","id":1,"result":${result}}`
const stateOf = (json: string): string => JSON.parse(json).result.requestState

test('threat 36: what was marked comes back as it was, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (state) => {
      const marked = states.mark(response(JSON.stringify({ resultType: 'input_required', requestState: state })), use())
      expect(states.open(stateOf(marked), use())).toBe(state)
    }),
  )
})

test('all but the state is relayed as it came', () => {
  const json = response('{ "a": 1.0, "requestState" : "s" ,"b":12345678901234567890 }')
  const marked = states.mark(json, use())
  expect(marked.replace(stateOf(marked), 's')).toBe(json)
  for (const other of [
    '{"a":1}',
    '{"requestState":5}',
    '{"a":{"requestState":"s"}}',
    '{"requestState":"a","requestState":"b"}',
  ])
    expect(states.mark(response(other), use())).toBe(response(other))
  const failed = '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"requestState","data":{"requestState":"s"}}}'
  expect(states.mark(failed, use())).toBe(failed)
})

describe('threat 36: a state is refused', () => {
  const marked = stateOf(states.mark(response('{"requestState":"s"}'), use()))

  test.each<[string, StateUse]>([
    ['of another person', use({ subject: 'eve' })],
    ['at another endpoint', use({ audience: 'https://g.example/mcp/other' })],
    ['of another upstream', use({ upstream: 'other' })],
    ['of another method', use({ method: 'prompts/get' })],
    ['of another tool', use({ params: { name: 'echo' } })],
    ['of a resource', use({ params: { uri: 'pay', name: 'other' } })],
  ])('%s', (_, elsewhere) => {
    expect(states.open(marked, use())).toBe('s')
    expect(states.open(marked, elsewhere)).toBeUndefined()
  })

  test('that was changed, cut or never marked, or marked under another key', () => {
    for (const other of [
      `${marked}x`,
      marked.slice(1),
      `A${marked}`,
      marked.slice(0, 43),
      's',
      '',
      marked.toUpperCase(),
    ])
      expect(states.open(other, use())).toBeUndefined()
    expect(new RequestStates(randomBytes(32)).open(marked, use())).toBeUndefined()
  })
})
