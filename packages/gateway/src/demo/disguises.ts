/** The shapes in which a fooled agent hands a token over: those that the gateway promises to know. */
export const disguises: ReadonlyMap<string, (token: string) => string> = new Map([
  ['as it is', (token) => token],
  ['in a sentence', (token) => `my token is "${token}", keep it safe`],
  ['in base64', (token) => Buffer.from(token).toString('base64')],
  ['in base64url, shifted', (token) => Buffer.from(`t=${token}`).toString('base64url')],
  ['in hexadecimal', (token) => Buffer.from(token).toString('hex')],
  ['percent-encoded', (token) => token.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)],
])
