/** Values of `Mcp-Name` and `Mcp-Param-*` (MCP 2026-07-28, Streamable HTTP, Value Encoding). */
import { isUtf8 } from 'node:buffer'

const prefix = '=?base64?'
const suffix = '?='

/** A value as a header carries it: itself where that is safe and cannot be mistaken, else in the Base64 form. */
export function encodeHeaderValue(value: string | number | boolean): string {
  const text = String(value)
  const plain = /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !isEncoded(text)
  return plain ? text : `${prefix}${Buffer.from(text, 'utf8').toString('base64')}${suffix}`
}

/**
 * The value that a header carries; undefined where it is malformed: a character that no header may hold, Base64 that is
 * not canonical (RFC 4648 section 3.5), or bytes that are not UTF-8. Decodes once: what looks encoded after that is the
 * value itself.
 */
export function decodeHeaderValue(header: string): string | undefined {
  if (!/^[\t -~]*$/.test(header)) return undefined
  if (!isEncoded(header)) return header
  const encoded = header.slice(prefix.length, -suffix.length)
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.toString('base64') === encoded && isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function isEncoded(text: string): boolean {
  return text.length >= prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix)
}
