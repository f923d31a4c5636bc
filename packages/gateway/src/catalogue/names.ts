/**
 * Names of tools, as policies, pins and people must be able to tell them apart. Pure.
 *
 * MCP 2026-07-28 (Tools, Tool Names) says SHOULD for ASCII letters, digits, `_`, `-` and `.`; servers in the field use
 * more, so more is taken, but nothing that looks like something else.
 */

const maxLength = 128

/** Controls, formats (bidi, zero-width), surrogates, private use, unassigned, separators, and what renders as nothing. */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const oddSpace = /(?! )\p{Zs}/u

/** Latin letters that do not pass for an ASCII one: ASCII, Latin-1 and Latin Extended-A without ı, ĸ, ŉ and ſ. */
const plainLatin = /^[A-Za-z\u00aa\u00ba\u00c0-\u0130\u0132-\u0137\u0139-\u0148\u014a-\u017e]$/

/** Scripts that one name may be written in; the East Asian ones are read together and so count as one. */
const scripts: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['East Asian', /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Script=Bopomofo}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['Thai', /\p{Script=Thai}/u],
]

/** Cyrillic, Greek and Armenian letters that pass for ASCII ones in common typefaces (after UTS 39, section 4). */
const lookAlikes = /^[аеорсухіјѕԁԛԝһӏкмтвнАВЕКМНОРСТУХІЈЅԌԚԜҮαοινρυχκτωγΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳհոսօցՕՍԼ]$/u

/** Undefined where the name is plain; else why it is refused. The name itself is not echoed. */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'the name is empty'
  if (name.length > maxLength) return `the name is longer than ${maxLength} characters`
  if (!name.isWellFormed()) return 'the name is not well-formed Unicode'
  if (invisible.test(name)) return 'the name has a control, bidirectional, zero-width or unassigned character'
  if (oddSpace.test(name) || name.trim() !== name) return 'the name has a space that cannot be seen'
  if (name.normalize('NFC') !== name) return 'the name is not in Unicode normal form C'
  if (name.normalize('NFKC') !== name) return 'the name has compatibility characters that look like plain ones'
  return scriptProblem(name)
}

function scriptProblem(name: string): string | undefined {
  const letters = [...name].filter((char) => /\p{L}/u.test(char))
  const found = new Set(letters.map((char) => scripts.find(([, pattern]) => pattern.test(char))?.[0] ?? 'other'))
  if (found.size > 1) return 'the name mixes scripts, so that letters of one may pass for those of another'
  if (found.has('Latin') && !letters.every((char) => plainLatin.test(char))) {
    return 'the name has a Latin letter that passes for another'
  }
  if (letters.length > 0 && letters.every((char) => lookAlikes.test(char))) {
    return 'the name is written in letters that all pass for Latin ones'
  }
  return undefined
}

/** Two names of one upstream with the same fold are taken for each other by people and by careless clients. */
export function foldName(name: string): string {
  return name.toLowerCase().normalize('NFC')
}

/** For messages and logs: at most 64 characters, everything but printable ASCII escaped. */
export function shownName(name: unknown): string {
  if (typeof name !== 'string') return '(no name)'
  return name.slice(0, 64).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
