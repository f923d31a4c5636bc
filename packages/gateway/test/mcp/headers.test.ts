import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/mcp/call.ts'
import { decodeHeaderValue, encodeHeaderValue } from '../../src/mcp/header-value.ts'
import { checkParameterHeaders, checkStandardHeaders, type MirrorHeaders, readRevision } from '../../src/mcp/headers.ts'
import { type Message, readMessage } from '../../src/mcp/message.ts'
import { readContent } from '../../src/mcp/params.ts'

const versionKey = 'io.modelcontextprotocol/protocolVersion'
const modern = '2026-07-28'

function call(name = 'get_weather', version: string = modern, extra: JsonObject = {}): Message {
  const _meta = { [versionKey]: version, 'io.modelcontextprotocol/clientCapabilities': {} }
  const read = readMessage({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, _meta, ...extra } })
  if ('refused' in read) throw new Error(read.detail)
  return read
}

function without(params: JsonObject = {}, method = 'tools/list'): Message {
  const read = readMessage({ jsonrpc: '2.0', id: 1, method, params })
  if ('refused' in read) throw new Error(read.detail)
  return read
}

const mirror = (fields: Partial<MirrorHeaders>): MirrorHeaders => ({
  protocolVersion: modern,
  method: 'tools/call',
  name: 'get_weather',
  parameters: undefined,
  ...fields,
})

describe('the era of a request', () => {
  test.each([
    [
      'a version in the body, and the same in the header',
      modern,
      call(),
      undefined,
      { era: 'modern', version: modern },
    ],
    ['a modern header alone', modern, without(), undefined, { era: 'modern', version: modern }],
    ['an earlier header', '2025-06-18', without(), '2025-11-25', { era: 'earlier', version: '2025-11-25' }],
    ['no header, in a session', undefined, without(), '2025-03-26', { era: 'earlier', version: '2025-03-26' }],
    ['no header, no session', undefined, without(), undefined, { era: 'earlier', version: undefined }],
    [
      'the version of the session, were it an odd one',
      '2024-11-05',
      without(),
      '2024-11-05',
      { era: 'earlier', version: '2024-11-05' },
    ],
  ] as const)('%s', (_, header, message, negotiated, revision) => {
    expect(readRevision(header, message, negotiated)).toEqual(revision)
  })
})

describe('threats 52 and 66: the version', () => {
  test.each(['2025-11-25', '2025-03-26', undefined, '', 'v999.0.0'])(
    'the header %j does not lead a modern request around its checks',
    (header) => {
      expect(readRevision(header, call(), '2025-11-25')).toMatchObject({ code: -32020, status: 400 })
    },
  )

  test('a version that is not served', () => {
    expect(readRevision('v999.0.0', call('t', 'v999.0.0'), undefined)).toMatchObject({
      code: -32022,
      status: 400,
      data: { supported: [modern], requested: 'v999.0.0' },
    })
    expect(readRevision('2024-11-05', without(), '2025-11-25')).toMatchObject({
      code: -32022,
      data: { requested: '2024-11-05' },
    })
    expect(readRevision('2025-11-25', call('t', '2025-11-25'), undefined)).toMatchObject({ code: -32022 })
  })

  test('what is echoed is bounded, and no log holds it', () => {
    const long = 'x'.repeat(5000)
    const refusal = readRevision(long, without(), undefined)
    if (!('refused' in refusal)) throw new Error('accepted')
    expect(refusal.data?.['requested']).toHaveLength(64)
    expect(refusal.detail).not.toContain('xxx')
  })
})

describe('threat 52: Mcp-Method and Mcp-Name against the body', () => {
  const check = (headers: MirrorHeaders, message: Message) => {
    const content = readContent(message, 'modern')
    if ('refused' in content) throw new Error(content.detail)
    return checkStandardHeaders(headers, message, content)
  }

  test('the same', () => {
    expect(check(mirror({}), call())).toBeUndefined()
    expect(check(mirror({ name: '=?base64?Z2V0X3dlYXRoZXI=?=' }), call())).toBeUndefined()
    expect(check(mirror({ name: '=?base64?5aSp5rCX?=' }), call('天気'))).toBeUndefined()
  })

  test.each([
    [{ method: 'tools/list' }],
    [{ method: undefined }],
    [{ method: 'TOOLS/CALL' }],
    [{ name: 'other' }],
    [{ name: undefined }],
    [{ name: 'Get_Weather' }],
    [{ name: '' }],
  ])('%j', (fields) =>
    expect(check(mirror(fields), call())).toMatchObject({ code: -32020, status: 400, reason: 'header_mismatch' }),
  )

  test('a name where the body has none', () => {
    const _meta = { [versionKey]: modern, 'io.modelcontextprotocol/clientCapabilities': {} }
    const list = without({ _meta })
    expect(check(mirror({ method: 'tools/list' }), list)).toMatchObject({ code: -32020 })
    expect(check(mirror({ method: 'tools/list', name: undefined }), list)).toBeUndefined()
  })

  test('a resource is named by its URI', () => {
    const _meta = { [versionKey]: modern, 'io.modelcontextprotocol/clientCapabilities': {} }
    const read = without({ _meta, uri: 'file:///a' }, 'resources/read')
    expect(check(mirror({ method: 'resources/read', name: 'file:///a' }), read)).toBeUndefined()
    expect(check(mirror({ method: 'resources/read', name: 'file:///b' }), read)).toMatchObject({ code: -32020 })
  })

  test('threat 53: malformed and double encodings', () => {
    const twice = encodeHeaderValue(encodeHeaderValue('天気'))
    for (const name of [
      '=?base64?Z2V0X3dlYXRoZXI?=',
      '=?base64?Z2V0!X3dlYXRoZXI=?=',
      '=?base64?/w==?=',
      '=?BASE64?Z2V0X3dlYXRoZXI=?=',
      'get_weather\x01',
      'caf\xe9',
      twice,
    ]) {
      expect(check(mirror({ name }), call())).toMatchObject({ code: -32020 })
    }
    expect(check(mirror({ name: twice }), call('天気'))).toMatchObject({ code: -32020 })
  })
})

describe('threat 28: Mcp-Param-* against the arguments', () => {
  const expected = new Map([
    ['mcp-param-region', ['region']],
    ['mcp-param-count', ['page', 'count']],
    ['mcp-param-dry', ['dry']],
  ])
  const check = (parameters: Record<string, string>, given: JsonObject | undefined) =>
    checkParameterHeaders(mirror({ parameters: new Map(Object.entries(parameters)) }), expected, given)

  test.each<[Record<string, string>, JsonObject | undefined]>([
    [{}, undefined],
    [{}, { other: 1 }],
    [{}, { region: null }],
    [{ 'mcp-param-region': 'us-west1' }, { region: 'us-west1' }],
    [{ 'mcp-param-region': '=?base64?SGVsbG8=?=' }, { region: 'Hello' }],
    [{ 'mcp-param-region': 'SGVsbG8=' }, { region: 'SGVsbG8=' }],
    [{ 'mcp-param-region': '=?base64?SGVsbG8=' }, { region: '=?base64?SGVsbG8=' }],
    [{ 'mcp-param-count': '42' }, { page: { count: 42 } }],
    [{ 'mcp-param-count': '42.0' }, { page: { count: 42 } }],
    [{ 'mcp-param-count': '-7' }, { page: { count: -7 } }],
    [{ 'mcp-param-dry': 'false' }, { dry: false }],
    [{ 'mcp-param-unknown': 'anything' }, {}],
  ])('%j with %j', (headers, given) => expect(check(headers, given)).toBeUndefined())

  test.each<[Record<string, string>, JsonObject | undefined]>([
    [{}, { region: 'us-west1' }],
    [{}, { region: '' }],
    [{}, { dry: false }],
    [{ 'mcp-param-region': 'us-west1' }, {}],
    [{ 'mcp-param-region': 'us-west1' }, undefined],
    [{ 'mcp-param-region': 'null' }, { region: null }],
    [{ 'mcp-param-region': 'us-west2' }, { region: 'us-west1' }],
    [{ 'mcp-param-region': '=?base64?SGVsbG8?=' }, { region: 'Hello' }],
    [{ 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }, { region: 'Hello' }],
    [{ 'mcp-param-count': '0x2a' }, { page: { count: 42 } }],
    [{ 'mcp-param-count': '42.5' }, { page: { count: 42 } }],
    [{ 'mcp-param-count': '' }, { page: { count: 0 } }],
    [{ 'mcp-param-dry': 'False' }, { dry: false }],
    [{ 'mcp-param-region': '[object Object]' }, { region: {} }],
    [{ 'mcp-param-region': 'a' }, { region: ['a'] }],
  ])('%j against %j', (headers, given) => expect(check(headers, given)).toMatchObject({ code: -32020, status: 400 }))

  test('a path does not reach into a prototype', () => {
    expect(checkParameterHeaders(mirror({}), new Map([['mcp-param-x', ['toString']]]), {})).toBeUndefined()
  })
})

describe('values of headers', () => {
  test.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    [42, '42'],
    [true, 'true'],
    ['', '=?base64??='],
  ])('%j is %s', (value, header) => expect(encodeHeaderValue(value)).toBe(header))

  test('what was encoded is decoded, and is safe in a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const header = encodeHeaderValue(text)
        expect(header).toMatch(/^[!-~]([ -~]*[!-~])?$/)
        expect(decodeHeaderValue(header)).toBe(text)
      }),
    )
  })
})
