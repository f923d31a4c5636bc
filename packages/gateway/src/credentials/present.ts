/** How a credential stands in an upstream's request: the one place that names the header. */

export type HeaderPair = readonly [name: string, value: string]

/**
 * The credentials of a request (RFC 9110 section 11.6.2).
 * @param scheme `Bearer` (RFC 6750 section 2.1) or `Basic` (RFC 7617).
 * @throws {Error} the value could not stand in a header. Names no part of the value.
 */
export function schemeHeader(scheme: 'Bearer' | 'Basic', value: string, reference: string): HeaderPair {
  return headerPair('authorization', `${scheme} ${value}`, reference)
}

/** Header names that are egress's own, the connection's, or the protocol's: no configured credential may take their place. */
const taken = new Set([
  'accept',
  'accept-encoding',
  'baggage',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'te',
  'trailer',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
])

/**
 * One header with a secret in it, its name in lower case.
 * @param reference where the secret came from, for the error; never the value.
 * @throws {Error} the name is no token (RFC 9110 section 5.1) or is taken, or the value has bytes that a header cannot carry.
 */
export function headerPair(name: string, value: string, reference: string): HeaderPair {
  const lower = name.toLowerCase()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
    throw new Error(`\`${name}\` is no header name; use letters, digits and hyphens`)
  }
  if (taken.has(lower) || lower.startsWith('mcp-')) {
    throw new Error(
      `the header \`${name}\` is set by Sallyport itself; choose the one that the upstream reads its credential from`,
    )
  }
  if (value.length > maxHeaderBytes) {
    throw new Error(
      `the secret ${reference} is longer than ${maxHeaderBytes} bytes, which no upstream takes in a header`,
    )
  }
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new Error(
      `the secret ${reference} holds characters that a header cannot carry, such as a line end; remove them`,
    )
  }
  return Object.freeze([lower, value] as const)
}

const maxHeaderBytes = 16_384
