import { lookup as dnsLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { addressProblem, isLoopback, parseAddressRange, type Reach } from './address-policy.ts'
import { exchange } from './guarded-exchange.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'
import { connectTo, type ResolvedAddress } from './guarded-socket.ts'

/** Who named the URL: the operator, metadata of the configured URL `namedBy`, or a client of ours. */
export type UrlOrigin = 'configured' | 'client' | { readonly namedBy: string }

export interface GuardedRequest {
  readonly method?: string
  /** Those of the connection itself (`host`, `connection`, `content-length`, …) are ours. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined
  readonly origin: UrlOrigin
  /** Bytes of the body of the answer, at most; of all fetches where left out. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal | undefined
}

export type GuardedFetch = (url: string, init: GuardedRequest) => Promise<Response>

export interface GuardedFetchOptions {
  /** CIDR ranges where hosts named by metadata may resolve, beside public addresses. */
  readonly allow: readonly string[]
  /** Bytes of the body of an answer; 1 MiB. */
  readonly maxBytes?: number
  /** From the name's resolution to the last byte of the answer, milliseconds; 10,000. */
  readonly timeoutMs?: number
  /** All addresses of a name; the system's resolver where left out. */
  readonly lookup?: (hostname: string) => Promise<readonly ResolvedAddress[]>
  /** PEM certificates of the authorities to trust in place of Node's own. */
  readonly ca?: string
}

const MAX_URL_CHARACTERS = 4096
const DEFAULT_MAX_BYTES = 1024 * 1024
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * The one way to authorization servers and metadata: a fetch that cannot be led to where it should not go (SSRF).
 *
 * The literal or every resolved address is checked, the socket connects to a checked one and its remote address is
 * compared before a byte is sent. Hosts that the operator configured may be anywhere but at link-local and cloud
 * metadata addresses; hosts that their metadata names: the same origin, public, or in `allow`; hosts that a client
 * names: public only. Plain HTTP goes to loopback alone, and only where the operator named it. Redirects are not
 * followed: a 3xx is the answer. Compressed answers are refused. Each request has a connection of its own.
 *
 * Does not check the status, nor the content of the answer.
 * @throws {GuardedFetchError} as the promise's rejection.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const allow = options.allow.map(parseAddressRange)
  const lookup = options.lookup ?? ((hostname: string) => dnsLookup(hostname, { all: true }))

  return async (url, init) => {
    const target = parseTarget(url, init.origin)
    return withDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, init.signal, async (signal) => {
      const addresses = await resolve(target.url, lookup, signal)
      for (const { address } of addresses) {
        const problem = addressProblem(address, target.reach, allow)
        if (problem) throw new GuardedFetchError('blocked', `${target.url.origin} may not be reached: ${problem}`)
      }
      if (target.url.protocol === 'http:' && !addresses.every(({ address }) => isLoopback(address))) {
        throw new GuardedFetchError('blocked', `${target.url.origin} is not on loopback, so it needs https`)
      }
      const socket = await connectTo(target.url, addresses, { signal, ca: options.ca })
      return exchange(target.url, socket, {
        ...init,
        signal,
        maxBytes: init.maxBytes ?? options.maxBytes ?? DEFAULT_MAX_BYTES,
      })
    })
  }
}

/**
 * The same fetch in the shape of oauth4webapi's `customFetch`, for one configured issuer: its own origin by the rule of
 * configured hosts, whatever else its metadata names by that of named ones.
 */
export function fetchFor(guardedFetch: GuardedFetch, configuredUrl: string) {
  return (url: string, init: Omit<GuardedRequest, 'origin' | 'maxBytes'>): Promise<Response> =>
    guardedFetch(url, {
      ...(init.method === undefined ? {} : { method: init.method }),
      ...(init.headers === undefined ? {} : { headers: init.headers }),
      body: init.body,
      signal: init.signal,
      origin: { namedBy: configuredUrl },
    })
}

function parseTarget(text: string, origin: UrlOrigin): { readonly url: URL; readonly reach: Reach } {
  if (text.length > MAX_URL_CHARACTERS || !URL.canParse(text)) {
    throw new GuardedFetchError('blocked', `the URL is malformed or over ${MAX_URL_CHARACTERS} characters`)
  }
  const url = new URL(text)
  const reach = reachOf(url, origin)
  if (url.username !== '' || url.password !== '') {
    throw new GuardedFetchError('blocked', `the URL at ${url.host} holds a user name or password`)
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && reach === 'configured')) {
    throw new GuardedFetchError('blocked', `${url.protocol}//${url.host} needs https`)
  }
  return { url, reach }
}

function reachOf(url: URL, origin: UrlOrigin): Reach {
  if (typeof origin === 'string') return origin
  return new URL(origin.namedBy).origin === url.origin ? 'configured' : 'named'
}

async function resolve(
  url: URL,
  lookup: NonNullable<GuardedFetchOptions['lookup']>,
  signal: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(hostname)
  if (family !== 0) return [{ address: hostname, family }]
  const addresses = await untilAborted(lookup(hostname), signal).catch((cause: unknown) => {
    throw signal.aborted
      ? signal.reason
      : new GuardedFetchError('unreachable', `${hostname} does not resolve`, { cause })
  })
  if (addresses.length === 0) throw new GuardedFetchError('unreachable', `${hostname} resolves to no address`)
  return addresses
}

/**
 * Runs `work` with a signal that aborts at the deadline or with the caller's, always with a `GuardedFetchError` or
 * theirs.
 */
async function withDeadline<T>(
  timeoutMs: number,
  theirs: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new GuardedFetchError('timeout', `no complete answer within ${timeoutMs} ms`)),
    timeoutMs,
  )
  const abort = () => controller.abort(theirs?.reason)
  if (theirs?.aborted) abort()
  theirs?.addEventListener('abort', abort, { once: true })
  try {
    controller.signal.throwIfAborted()
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    theirs?.removeEventListener('abort', abort)
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
