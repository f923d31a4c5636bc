import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { normalAddress } from './address-policy.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'

export interface ResolvedAddress {
  readonly address: string
  /** 4 or 6. */
  readonly family: number
}

/**
 * A connected socket to one of `addresses`, which were checked, and to nothing else: the name is not resolved again.
 * With `https:` it is encrypted and the certificate was verified for the URL's host.
 */
export async function connectTo(
  url: URL,
  addresses: readonly ResolvedAddress[],
  options: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const socket = connect({ host, port, lookup: pinned(addresses), autoSelectFamily: true })
  await once(socket, 'connect', url, options.signal)
  const remote = normalAddress(socket.remoteAddress ?? '')
  if (remote === undefined || !addresses.some(({ address }) => normalAddress(address) === remote)) {
    socket.destroy()
    throw new GuardedFetchError('blocked', `${url.origin} was reached at an address that was not checked`)
  }
  if (url.protocol === 'http:') return socket
  const encrypted = connectTls({
    socket,
    host,
    // RFC 6066 section 3: no literal addresses in SNI; the certificate is then compared with `host`
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // explicit, because the environment variable NODE_TLS_REJECT_UNAUTHORIZED changes the default
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  await once(encrypted, 'secureConnect', url, options.signal)
  return encrypted
}

function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [...addresses])
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  }
}

function once(socket: Socket, event: 'connect' | 'secureConnect', url: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      signal.removeEventListener('abort', abort)
      socket.off(event, done)
      if (error === undefined) {
        socket.off('error', fail)
        resolve()
      } else {
        // the error listener stays: a destroyed socket may report once more
        socket.destroy()
        reject(error)
      }
    }
    const done = () => settle()
    const fail = (cause: Error) =>
      settle(
        new GuardedFetchError('unreachable', `${url.origin} cannot be connected to: ${reasonOf(cause)}`, { cause }),
      )
    const abort = () => settle(signal.reason)
    socket.once(event, done)
    socket.on('error', fail)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

/** Of several addresses that failed, Node's error has a code but no message. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message || (error.code ?? error.name)
}
