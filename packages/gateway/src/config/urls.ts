/** URLs of the configuration, by form alone: nothing is resolved. No fault quotes the URL, which may hold a password. */
import { isIP } from 'node:net'
import type { Fault } from './problem.ts'

const maxLength = 2048

/** 127.0.0.0/8, `::1` and `localhost`; never another name, whatever it resolves to. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Undefined unless it is an absolute http or https URL, taken as written: parsers repair spaces and backslashes silently. */
function parseHttpUrl(text: string): URL | undefined {
  if (text.length > maxLength || !/^https?:\/\/[^\s\\]+$/i.test(text) || /\p{Cc}/u.test(text)) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.hostname === '' ? undefined : url
}

interface UrlRules {
  /** The hosts that plain http may be used with. */
  readonly plainHttp: (hostname: string) => boolean
  readonly query: boolean
}

function httpUrlFault(text: string, rules: UrlRules): Fault | undefined {
  if (text.includes('${')) {
    return { message: 'holds a reference', help: 'write the URL out; secrets go into `credentials`, never into a URL' }
  }
  const url = parseHttpUrl(text)
  if (url === undefined)
    return { message: 'is not an absolute http or https URL', help: 'write it like `https://mcp.example.com`' }
  if (url.username !== '' || url.password !== '') {
    return {
      message: 'holds a user name or password',
      help: 'remove what stands before the `@`; secrets go into `credentials`',
    }
  }
  if (text.includes('#')) return { message: 'has a fragment', help: 'remove the `#` and what follows it' }
  if (!rules.query && text.includes('?')) return { message: 'has a query', help: 'remove the `?` and what follows it' }
  if (url.protocol === 'http:' && !rules.plainHttp(url.hostname)) {
    return { message: 'is plain http beyond loopback', help: 'use https' }
  }
  return undefined
}

/** A public origin, as browsers serialise it: scheme, host and port, nothing else (RFC 6454 section 6.2). */
export function originFault(text: string): Fault | undefined {
  const fault = httpUrlFault(text, { plainHttp: isLoopback, query: false })
  if (fault !== undefined) return fault
  const { origin } = new URL(text)
  return origin === text ? undefined : { message: 'is not a bare origin', help: `write \`${origin}\`` }
}

/** What the outer door takes for loopback. */
const issuerLoopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** An issuer identifier: https (http on loopback), no query, no fragment (RFC 8414 section 2). Compared exactly, so kept as written. */
export function issuerFault(text: string): Fault | undefined {
  return httpUrlFault(text, { plainHttp: (hostname) => issuerLoopback.has(hostname), query: false })
}

const secretName = /(^|[-_.])(api[-_]?key|key|token|access[-_]?token|secret|password|sig|signature|auth)$/i

/** An upstream's URL. Whether plain http is allowed is for the caller: it depends on `insecureHttp`. */
export function upstreamUrlFault(text: string): Fault | undefined {
  const fault = httpUrlFault(text, { plainHttp: () => true, query: true })
  if (fault !== undefined) return fault
  for (const name of new URL(text).searchParams.keys()) {
    if (secretName.test(name)) {
      return { message: 'has a query parameter that looks like a secret', help: 'remove it and use `credentials`' }
    }
  }
  return undefined
}

/** RFC 8707 section 2: an absolute URI without fragment. */
export function resourceFault(text: string): Fault | undefined {
  if (text.length > maxLength || /[\s\p{Cc}#]/u.test(text) || !URL.canParse(text)) {
    return { message: 'is not an absolute URI without fragment', help: 'write it like `https://api.example.com/mcp`' }
  }
  const { username, password } = new URL(text)
  if (username === '' && password === '') return undefined
  return { message: 'holds a user name or password', help: 'remove what stands before the `@`' }
}
