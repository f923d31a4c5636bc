import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatSseEvent, type SseEvent, SseParser, sseKeepAlive } from '../../src/mcp/sse.ts'

const encode = (text: string) => new TextEncoder().encode(text)

function parse(...chunks: (string | Uint8Array)[]): SseEvent[] {
  const parser = new SseParser(1_000_000)
  return chunks.flatMap((chunk) => {
    const events = parser.push(typeof chunk === 'string' ? encode(chunk) : chunk)
    if (typeof events === 'string') throw new Error(events)
    return events
  })
}

const event = (fields: Partial<SseEvent>): SseEvent => ({
  id: undefined,
  event: undefined,
  data: '',
  retry: undefined,
  ...fields,
})

describe('a stream', () => {
  test.each<[string, SseEvent[]]>([
    ['data: a\n\n', [event({ data: 'a' })]],
    ['data:a\ndata:  b\ndata\n\n', [event({ data: 'a\n b\n' })]],
    ['id: 1\nevent: message\nretry: 500\ndata: x\n\n', [event({ id: '1', event: 'message', retry: 500, data: 'x' })]],
    ['id: 1\ndata: \n\n', [event({ id: '1' })]],
    ['retry: 9\n\n', [event({ retry: 9 })]],
    ['data: a\r\n\r\ndata: b\r\rdata: c\n\n', [event({ data: 'a' }), event({ data: 'b' }), event({ data: 'c' })]],
    [': comment\n\n:\n\ndata: a\n\n', [event({ data: 'a' })]],
    ['event: x\n\ndata: a\n\n', [event({ data: 'a' })]],
    ['\ufeffdata: a\n\n', [event({ data: 'a' })]],
    ['data: a\n\n\ufeffdata: b\n\n', [event({ data: 'a' })]],
    ['retry: 1x\nid: a\0b\nunknown: 1\ndata: a\n\n', [event({ data: 'a' })]],
    ['data: unfinished\n', []],
    ['data: unfinished', []],
    ['', []],
  ])('%j', (text, events) => expect(parse(text)).toEqual(events))

  test('is read the same however it is cut', () => {
    const text =
      '\ufeffid: 1\r\ndata: {"é":"😀"}\r\n\r\n: x\rdata: a\rdata: b\r\rretry: 5\ndata:\n\nevent: e\ndata: z\n\n'
    const whole = parse(text)
    expect(whole).toHaveLength(4)
    const bytes = encode(text)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        expect(parse(...places.slice(1).map((end, at) => bytes.subarray(places[at], end)))).toEqual(whole)
      }),
    )
    expect(parse(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole)
  })

  test('does not keep the caller’s buffer', () => {
    const parser = new SseParser(100)
    const buffer = encode('data: ab')
    parser.push(buffer)
    buffer.fill(0x78)
    expect(parser.push(encode('c\n\n'))).toEqual([event({ data: 'abc' })])
  })
})

describe('bounds', () => {
  test('an event that does not end is cut off, in one line or many', () => {
    for (const piece of ['data: xxxxxxxxx', 'data: x\n', ': comment\n', 'x']) {
      const parser = new SseParser(100)
      let result: ReturnType<SseParser['push']> = []
      for (let sent = 0; sent < 300 && typeof result !== 'string'; sent += piece.length)
        result = parser.push(encode(piece))
      expect(result).toBe('event_too_large')
      expect(parser.push(encode('\n\ndata: a\n\n'))).toBe('event_too_large')
    }
  })

  test('the bound is of one event, not of the stream', () => {
    const parser = new SseParser(20)
    for (let turn = 0; turn < 50; turn++) expect(parser.push(encode('data: 0123456789\n\n'))).toHaveLength(1)
  })

  test('invalid UTF-8 is a fault', () => {
    const parser = new SseParser(100)
    expect(parser.push(Uint8Array.from([...encode('data: '), 0xff, 0x0a]))).toBe('invalid_utf8')
  })
})

describe('what is written', () => {
  test('is read back', () => {
    const field = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(
        fc.option(field, { nil: undefined }),
        fc.option(fc.nat(999_999), { nil: undefined }),
        field,
        (id, retry, data) => {
          const [read] = parse(formatSseEvent({ id, retry, data }))
          const kept = id === undefined || /[\0\r\n]/.test(id) ? undefined : id
          expect(read).toEqual(event({ id: kept, retry, data: data.replace(/\r\n?/g, '\n') }))
        },
      ),
    )
  })

  test('an id cannot add lines', () => {
    expect(formatSseEvent({ id: 'a\ndata: forged', retry: undefined, data: 'x' })).toBe('data: x\n\n')
    expect(formatSseEvent({ id: undefined, retry: Number.NaN, data: 'x' })).toBe('data: x\n\n')
  })

  test('a comment is no event', () => expect(parse(sseKeepAlive)).toEqual([]))
})
