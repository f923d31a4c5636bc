import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nameFault, showName, uriFault } from '../../src/mcp/names.ts'

describe('threat 55: names that are not what they seem', () => {
  test.each(['get_weather', 'a', 'Get Weather', 'repo/search.v2', 'café', '天気', 'поиск', 'x'.repeat(256)])(
    '%j is a name',
    (name) => expect(nameFault(name)).toBeUndefined(),
  )

  test.each([
    ['', 'empty'],
    ['x'.repeat(257), 'longer than 256 characters'],
    ['a\0b', 'with a control'],
    ['a\tb', 'with a control'],
    ['a\u202eb', 'with a control'],
    ['a\u2066b', 'with a control'],
    ['a\u200bb', 'with a control'],
    ['a\u200db', 'with a control'],
    ['a\ufeffb', 'with a control'],
    ['a\u00adb', 'with a control'],
    ['a\u3164b', 'with a control'],
    ['a\ufe0fb', 'with a control'],
    ['a\u{e0041}b', 'with a control'],
    ['a\u00a0b', 'with a control'],
    ['a\u2028b', 'with a control'],
    ['a\ud800b', 'with a control'],
    [' a', 'with a space'],
    ['a ', 'with a space'],
    ['cafe\u0301', 'not in Unicode normal form'],
    ['ｄｅｌｅｔｅ', 'not in Unicode normal form'],
    ['𝐝elete', 'not in Unicode normal form'],
    ['dеlete', 'of Latin letters mixed'],
    ['οk', 'of Latin letters mixed'],
  ])('%j is none', (name, fault) => expect(nameFault(name)).toMatch(new RegExp(`^${fault}`)))
})

describe('threat 55: URIs', () => {
  test.each([
    'file:///a/b.txt',
    'test://static-text',
    'https://example.com/?q=../x',
    'file:///{+path}',
    'x:y',
    'file:///a..b/...',
    'note://café',
  ])('%j is one', (uri) => expect(uriFault(uri)).toBeUndefined())
  test.each(['', 'a'.repeat(4097), 'file:///a\u0000b', 'file:///\u202eb', ' file:///a', 'note://cafe\u0301'])(
    '%j is none',
    (uri) => expect(uriFault(uri)).toBeDefined(),
  )
  test.each([
    'file:///public/../secret',
    'file:///a/%2e%2E/b',
    'file:///a/.%2e',
    'file:///a/..',
    'file:///a\\..\\b',
    'file:///a%2f..%2fb',
    '..',
    'file:///./a',
  ])('%j would be resolved elsewhere than policy reads', (uri) =>
    expect(uriFault(uri)).toBe('with a `.` or `..` segment'),
  )
})

test('a name is shown only where it is plain and too short to hold a piece of a token', () => {
  expect(showName('Method')).toBe('`Method`')
  expect(showName('x'.repeat(24))).toBe('(24 characters)')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      expect(showName(name)).toMatch(/^(`[!-_a-~]{1,23}`|\(\d+ characters\))$/)
    }),
  )
})
