/**
 * How a secret may look when it leaks. Base64 depends on where the secret stands in what was encoded, so it has three
 * forms; each holds only the characters that the secret alone determines.
 */
export interface Form {
  readonly bytes: Buffer
  /** How many consecutive bytes of `bytes` are a leak. */
  readonly need: number
}

/**
 * Letters lose their case and `+/` become `-_`, so that hex of either case and both base64 alphabets are one form each.
 * A token in another case is thereby found too, which is a leak as well.
 */
export const fold = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) fold[byte] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
fold['+'.charCodeAt(0)] = '-'.charCodeAt(0)
fold['/'.charCodeAt(0)] = '_'.charCodeAt(0)

/** @param window bytes of the secret that make a leak; at least its length means all of it. */
export function foldedForms(secret: Buffer, window: number): Form[] {
  const whole = window >= secret.length
  const encoded: { readonly text: Buffer; readonly need: number }[] = [
    { text: secret, need: window },
    { text: Buffer.from(secret.toString('hex'), 'latin1'), need: 2 * window },
    ...base64Forms(secret, 'base64url').map((text) => ({ text, need: base64Need(window) })),
  ]
  return encoded.map(({ text, need }) => ({
    bytes: Buffer.from(text.map((byte) => fold[byte] as number)),
    need: whole ? text.length : need,
  }))
}

/**
 * Without folding, for secrets too short to afford it. Fragments of base64 under four characters would match anything.
 */
export function exactForms(secret: Buffer): Buffer[] {
  const hex = secret.toString('hex')
  const base64 = [...base64Forms(secret, 'base64'), ...base64Forms(secret, 'base64url')]
  return [secret, Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64.filter((form) => form.length >= 4)]
}

function base64Forms(secret: Buffer, alphabet: 'base64' | 'base64url'): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), secret]).toString(alphabet)
    const first = Math.ceil((8 * before) / 6)
    const end = Math.floor((8 * (before + secret.length)) / 6)
    return Buffer.from(text.slice(first, end), 'latin1')
  })
}

/** Fewest characters that `window` bytes determine, over the three offsets. */
function base64Need(window: number): number {
  return Math.min(...[0, 1, 2].map((before) => Math.floor((8 * (before + window)) / 6) - Math.ceil((8 * before) / 6)))
}
