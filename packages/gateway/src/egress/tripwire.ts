import type { Seal } from './port.ts'

/**
 * The outgoing tripwire: one search over what a client may have had a hand in, before a byte leaves (threats 26-28).
 * Not searched: our credential's own headers. Two tokens of one issuer share their head, and windows of it.
 * @param values ASCII, as they stand in URL and headers.
 * @returns the body as bytes, or undefined where the inbound token stands somewhere.
 */
export function sealedBytes(seal: Seal, values: string, body: string): Buffer | undefined {
  const whole = Buffer.from(`${values}\n${body}`, 'utf8')
  return seal.matches(whole) ? undefined : whole.subarray(values.length + 1)
}
