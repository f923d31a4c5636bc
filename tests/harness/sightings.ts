/**
 * Looks for a token in captured bytes, on its own: this shares no code with the tripwire that it checks. A sighting is
 * any 24-byte window of the token as it is, or of any of its encodings.
 */
import { gunzipSync } from 'node:zlib'

const window = 24

export function sightings(haystack: Buffer, token: string): string[] {
  const found: string[] = []
  for (const [form, text] of forms(token)) {
    if (containsWindow(haystack, Buffer.from(text, 'latin1'), Math.min(widthOf(form), text.length))) found.push(form)
  }
  const plain = haystack.toString('latin1')
  if (
    /%[0-9a-f]{2}/i.test(plain) &&
    containsWindow(Buffer.from(percentDecoded(plain), 'latin1'), Buffer.from(token), window)
  )
    found.push('percent')
  if (/\\u00/i.test(plain) && containsWindow(Buffer.from(jsonDecoded(plain), 'latin1'), Buffer.from(token), window))
    found.push('json escapes')
  for (const inflated of gzipMembers(haystack)) if (inflated.includes(token)) found.push('gzip')
  return found
}

function widthOf(form: string): number {
  if (form.startsWith('hex')) return window * 2
  return form.startsWith('base64') ? 30 : window
}

function* forms(token: string): Generator<[string, string]> {
  yield ['raw', token]
  yield ['hex', Buffer.from(token).toString('hex')]
  yield ['hex upper', Buffer.from(token).toString('hex').toUpperCase()]
  for (const offset of [0, 1, 2]) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(token)])
        .toString(encoding)
        .replace(/=+$/, '')
      yield [`${encoding}+${offset}`, encoded.slice(offset === 0 ? 0 : offset + 1, -1)]
    }
  }
}

function containsWindow(haystack: Buffer, needle: Buffer, width: number): boolean {
  for (let start = 0; start + width <= needle.length; start += 1)
    if (haystack.includes(needle.subarray(start, start + width))) return true
  return false
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function jsonDecoded(text: string): string {
  return text.replace(/\\u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function* gzipMembers(bytes: Buffer): Generator<Buffer> {
  for (
    let at = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]));
    at >= 0;
    at = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]), at + 1)
  ) {
    try {
      yield gunzipSync(bytes.subarray(at), { maxOutputLength: 1 << 24 })
    } catch {
      // three bytes that happened to look like a gzip member
    }
  }
}
