import { expect, test } from 'vitest'
import { foldName, nameProblem, shownName } from '../../src/catalogue/names.ts'

test.each([
  'get_weather',
  'DATA_EXPORT_v2',
  'admin.tools.list',
  'a-b',
  'repos/create',
  'two words',
  'größe',
  '検索する',
  'поиск',
])('takes `%s`', (name) => {
  expect(nameProblem(name)).toBeUndefined()
})

test.each([
  ['NFD', 'cafe\u0301', 'normal form C'],
  ['a Cyrillic letter among Latin ones', 'tr\u0430nsfer', 'mixes scripts'],
  ['Greek among Latin', 'r\u03bfot', 'mixes scripts'],
  ['Cyrillic look-alikes alone', '\u0440\u0430\u0443', 'pass for Latin'],
  ['bidi override', 'read\u202eelif', 'bidirectional'],
  ['bidi isolate', 'read\u2066x', 'bidirectional'],
  ['zero-width space', 'read\u200bfile', 'zero-width'],
  ['zero-width joiner', 'read\u200dfile', 'zero-width'],
  ['a variation selector', 'read\ufe0f', 'zero-width'],
  ['a Hangul filler', 'read\u3164', 'zero-width'],
  ['a tag character', 'read\u{e0061}', 'zero-width'],
  ['NUL', 'read\u0000', 'control'],
  ['a newline', 'read\nfile', 'control'],
  ['a C1 control', 'read\u0085', 'control'],
  ['a no-break space', 'read\u00a0file', 'space'],
  ['a space at the end', 'read ', 'space'],
  ['full-width letters', '\uff41dmin', 'compatibility'],
  ['a ligature', '\ufb01le', 'compatibility'],
  ['dotless i', 'f\u0131le', 'passes for another'],
  ['Latin alpha', '\u0251dmin', 'passes for another'],
  ['a lone surrogate', 'a\ud800', 'well-formed'],
  ['nothing', '', 'empty'],
  ['129 characters', 'a'.repeat(129), 'longer than 128'],
])('threat 55: refuses a name with %s', (_, name, why) => {
  expect(nameProblem(name)).toContain(why)
})

test('threat 62: letter case does not tell names apart', () => {
  expect(foldName('getUser')).toBe(foldName('GETUSER'))
  expect(foldName('getUser')).not.toBe(foldName('get_user'))
})

test('threat 88: a name is shown as printable ASCII, cut short', () => {
  expect(shownName('a\u001b[31m\u202e')).toBe('a\\u001b[31m\\u202e')
  expect(shownName('x'.repeat(500))).toHaveLength(64)
  expect(shownName({})).toBe('(no name)')
})
