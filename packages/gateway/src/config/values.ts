/** Checks of single values of the configuration, by form alone. Pure; no fault quotes a value. */

import { didYouMean } from './closest.ts'
import type { Fault } from './problem.ts'

/** Algorithms that the outer door can verify (RFC 7518 section 3.1, RFC 8037, RFC 9864): asymmetric only. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

export function upstreamNameFault(text: string): Fault | undefined {
  if (/^[a-z][a-z0-9-]{0,23}$/.test(text)) return undefined
  return {
    message: 'is not a name that can stand in a URL and a scope',
    help: 'start with a lower-case letter and use at most 24 lower-case letters, digits and hyphens',
  }
}

/** RFC 6749 appendix A.1, without what would have to be escaped in policies and URLs. */
export function clientIdFault(text: string): Fault | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,255}$/.test(text)) return undefined
  return { message: 'is not a client id', help: 'use letters, digits and `. _ ~ : / -`, at most 256 of them' }
}

/** RFC 6749 section 3.3. */
export function scopeTokenFault(text: string): Fault | undefined {
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(text)) return undefined
  return { message: 'is not one scope', help: 'write one scope an item, without spaces or quotes' }
}

export function commandFault(text: string): Fault | undefined {
  if (text === '' || /\p{Cc}/u.test(text)) return { message: 'is not a command', help: 'name a program, such as `npx`' }
  if (/\s/.test(text) && !text.includes('/')) {
    return {
      message: 'holds spaces, and no shell reads it',
      help: 'name the program alone, and put the rest into `args`',
    }
  }
  return undefined
}

export function argumentFault(text: string): Fault | undefined {
  if (text.includes('\0')) return { message: 'holds a NUL character', help: 'remove it' }
  if (/\$\{[A-Za-z_]/.test(text)) {
    return {
      message: 'is a reference, and arguments can be read by every user',
      help: 'pass the secret in `env` instead',
    }
  }
  if (looksLikeSecretValue(text) || /^--?[\w-]*(key|token|secret|password)=./i.test(text)) {
    return {
      message: 'looks like a secret, and arguments can be read by every user',
      help: 'pass it in `env`, as `${NAME}`',
    }
  }
  return undefined
}

const ownHeader =
  /^(host|cookie2?|set-cookie|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept|accept-.*|content-.*|mcp-.*|proxy-.*|last-event-id|origin|dpop|forwarded|traceparent|tracestate|baggage|range|user-agent)$/i

/** RFC 9110 section 5.1; refused are those that have a meaning of their own in HTTP or MCP. */
export function headerNameFault(text: string): Fault | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(text)) {
    return { message: 'is not a header name', help: 'write the name alone, such as `X-Api-Key`' }
  }
  if (!ownHeader.test(text)) return undefined
  return {
    message: 'is a header that HTTP or MCP itself needs',
    help: 'use the header that the upstream documents for its key',
  }
}

/** RFC 7617 section 2. */
export function usernameFault(text: string): Fault | undefined {
  if (text.length <= 256 && !/[:\p{Cc}]/u.test(text)) return undefined
  return { message: 'is not a user name for basic authentication', help: 'leave out colons and control characters' }
}

export function audienceFault(text: string): Fault | undefined {
  if (/^[\x21-\x7e]{1,512}$/.test(text)) return undefined
  return { message: 'is not an audience', help: "copy the `aud` of this issuer's tokens, without spaces" }
}

export function claimFault(text: string): Fault | undefined {
  if (/^[A-Za-z_][\w.:/-]{0,127}$/.test(text)) return undefined
  return { message: 'is not the name of a claim', help: 'write a top-level claim, such as `sub`' }
}

export function algorithmFault(text: string): Fault | undefined {
  if (signatureAlgorithms.some((known) => known === text)) return undefined
  if (/^(none|hs\d+)$/i.test(text)) {
    return {
      message: 'is an algorithm that proves nothing about the issuer',
      help: 'use asymmetric signatures, such as `ES256`',
    }
  }
  return {
    message: 'is not a known algorithm',
    help: didYouMean(text, signatureAlgorithms, `use ${signatureAlgorithms.join(', ')}`),
  }
}

export function toolNameFault(text: string): Fault | undefined {
  if (text !== '' && text.length <= 128 && !/\p{Cc}/u.test(text)) return undefined
  return { message: 'is not the name of a tool', help: 'write the name that the upstream gives it' }
}

export function storeFault(text: string): Fault | undefined {
  if (/^postgres(ql)?:/i.test(text)) {
    return { message: 'PostgreSQL is not available in this version', help: 'use `sqlite:./data/sallyport.db`' }
  }
  return pathFault(text, 'sqlite:', 'write it like `sqlite:./data/sallyport.db`')
}

export function rootKeyFault(text: string): Fault | undefined {
  return pathFault(text, 'file:', 'write it like `file:./keys/root.key`')
}

function pathFault(text: string, scheme: string, help: string): Fault | undefined {
  const file = text.slice(scheme.length)
  if (text.startsWith(scheme) && /^[^:?*\p{Cc}]{1,1024}$/u.test(file) && !file.endsWith('/')) return undefined
  return { message: `is not \`${scheme}\` and the path of a file`, help }
}

export function folderFault(text: string): Fault | undefined {
  if (text !== '' && text.length <= 1024 && !/\p{Cc}/u.test(text)) return undefined
  return { message: 'is not a path', help: 'write it like `./policies`' }
}

/** Prefixes by which vendors mark their secrets, JWTs, and private keys. */
export function looksLikeSecretValue(text: string): boolean {
  return /^(sk[-_][\w-]{8}|rk_live_|gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|AKIA[0-9A-Z]{16}|AIza[\w-]{30}|eyJ[\w-]+\.|-----BEGIN )/.test(
    text,
  )
}

const secretWord =
  /^(key|keys|apikey|token|secret|secrets|password|passwd|passphrase|pass|pwd|pat|credential|credentials|bearer|auth)$/
const harmlessEnd = /^(file|path|dir|url|uri|endpoint|limit|ttl|count|size|name|type|max|min|length)$/

/** Whether a variable's name says that its value is secret: `API_KEY`, `githubToken`; not `MAX_TOKENS` or `KEY_FILE`. */
export function looksLikeSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  if (harmlessEnd.test(words.at(-1) ?? '')) return false
  return words.some(
    (word) => secretWord.test(word) || /.(apikey|secretkey|accesskey|token|secret|password)$/.test(word),
  )
}
