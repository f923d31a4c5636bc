/** Room for the smallest double without an exponent. */
const longest = 400

/**
 * Whether a JSON number means the same after a double has held it. Undefined where it does, else what is wrong; never
 * the number itself.
 * @param token as RFC 8259 section 6 spells a number; anything else is left to the parser.
 */
export function survives(token: string): string | undefined {
  if (token.length > longest) return `a number of more than ${longest} characters`
  const value = Number(token)
  if (Number.isNaN(value)) return undefined
  if (!Number.isFinite(value)) return 'a number beyond the range of a double'
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'an integer beyond 2^53-1'
  if (normalise(token) !== normalise(String(value))) return 'a number with more digits than a double keeps'
  return undefined
}

/** `{digits}e{exponent}` without leading or trailing zeros, so that equal decimals are equal strings. */
function normalise(decimal: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal)
  if (parts === null) return decimal
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = trimStart(whole + fraction)
  const significant = trimEnd(digits)
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + (digits.length - significant.length)}`
}

function trimStart(digits: string): string {
  let start = 0
  while (digits.charCodeAt(start) === 0x30) start++
  return digits.slice(start)
}

function trimEnd(digits: string): string {
  let end = digits.length
  while (digits.charCodeAt(end - 1) === 0x30) end--
  return digits.slice(0, end)
}
