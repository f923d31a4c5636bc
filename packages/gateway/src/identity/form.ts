/** A strict reading of `application/x-www-form-urlencoded` (WHATWG URL, section 5.1). Pure. */

export type Form =
  | { readonly ok: true; readonly fields: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly error: 'invalid_request' | 'invalid_target'; readonly description: string }

const maximumFields = 32

/**
 * Refuses what two readers could read differently: a repeated parameter (RFC 6749 section 3.2), a broken percent
 * sequence, bytes that are no UTF-8, a NUL. A repeated `resource` is allowed by RFC 8707 in general and not here, where
 * a token has one audience, hence its own error.
 *
 * Does not check which parameters there are.
 */
export function parseForm(body: Buffer): Form {
  const text = body.toString('latin1')
  const pairs = text === '' ? [] : text.split('&', maximumFields + 1)
  if (pairs.length > maximumFields) return invalid('too many parameters')
  const fields = new Map<string, string>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return invalid('a parameter is not properly encoded')
    if (name === '') return invalid('a parameter has no name')
    if (fields.has(name)) {
      if (name === 'resource')
        return { ok: false, error: 'invalid_target', description: 'exactly one `resource` is required' }
      return invalid('a parameter is repeated')
    }
    fields.set(name, value)
  }
  return { ok: true, fields }
}

export function serializeForm(fields: ReadonlyMap<string, string>): Buffer {
  return Buffer.from(new URLSearchParams([...fields]).toString(), 'latin1')
}

function invalid(description: string): Form {
  return { ok: false, error: 'invalid_request', description }
}

const unsafe = /[^\x21-\x7e]/

function decode(encoded: string): string | undefined {
  if (unsafe.test(encoded)) return undefined
  try {
    const value = decodeURIComponent(encoded.replaceAll('+', ' '))
    return value.includes('\0') ? undefined : value
  } catch {
    return undefined
  }
}
