/**
 * Names and URIs that are safe to decide upon: what a person reads, what policy compares and what the upstream acts on
 * are the same characters. Exact comparison does the rest, as the name of a tool that nobody accepted is refused.
 */

/** The specification asks for at most 128 of A-Z, a-z, 0-9, `_`, `-` and `.` in a tool's name; servers exceed that. */
const longestName = 256
const longestUri = 4096

const plainName = /^[!-~](?:[ -~]*[!-~])?$/
const plainUri = /^[!-~]+$/
/** Controls, format characters (bidi and zero-width among them), separators, what is private, unassigned or invisible. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u
const latin = /\p{Script=Latin}/u
const lookAlike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/u

/**
 * What is wrong with the name of a tool, prompt or argument; undefined where nothing is. Demands NFKC, so that neither a
 * decomposed nor a full-width form passes for another name, and one script where letters of two look alike.
 *
 * Does not find names that look alike within one script (`l` and `1`), nor one written wholly in another script.
 */
export function nameFault(name: string): string | undefined {
  if (name.length === 0) return 'empty'
  if (name.length > longestName) return `longer than ${longestName} characters`
  if (plainName.test(name)) return undefined
  if (unsafe.test(name)) return 'with a control, invisible or direction character'
  if (name.trim() !== name) return 'with a space at its start or end'
  if (name.normalize('NFKC') !== name) return 'not in Unicode normal form (NFKC)'
  if (latin.test(name) && lookAlike.test(name)) return 'of Latin letters mixed with ones that look alike'
  return undefined
}

/**
 * What is wrong with a resource's URI or URI template; undefined where nothing is. Demands NFC, and refuses `.` and
 * `..` as segments of its path, also percent-encoded or behind a backslash: policy compares text, and the upstream
 * would resolve it.
 *
 * Does not check that it is a valid URI, and decodes nothing else: `%61` and `a` are two URIs here.
 */
export function uriFault(uri: string): string | undefined {
  if (uri.length === 0) return 'empty'
  if (uri.length > longestUri) return `longer than ${longestUri} characters`
  if (!plainUri.test(uri)) {
    if (unsafe.test(uri)) return 'with a control, invisible or direction character'
    if (uri.trim() !== uri) return 'with a space at its start or end'
    if (uri.normalize('NFC') !== uri) return 'not in Unicode normal form (NFC)'
  }
  if (hasDotSegment(uri)) return 'with a `.` or `..` segment'
  return undefined
}

function hasDotSegment(uri: string): boolean {
  if (!uri.includes('.') && !uri.includes('%')) return false
  const path = uri
    .replace(/[?#].*$/s, '')
    .replace(/%(2e|2f|5c)/gi, (_, hex: string) => encodedAs[hex.toLowerCase()] ?? '')
  return path.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')
}

const encodedAs: Readonly<Record<string, string>> = { '2e': '.', '2f': '/', '5c': '\\' }

/**
 * A name that a client chose, for a refusal's text: shown where it is plain and shorter than any piece of a token that
 * the tripwire looks for (24 bytes), so that no log can come to hold one.
 */
export function showName(name: string): string {
  return name.length < 24 && /^[!-_a-~]+$/.test(name) ? `\`${name}\`` : `(${name.length} characters)`
}
