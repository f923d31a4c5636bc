/** Addresses and address ranges of the configuration, by form alone. */
import { isIP } from 'node:net'
import type { Fault } from './problem.ts'
import type { Address } from './types.ts'

/** `host:port`; IPv6 in brackets. Port 0 means any free one. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252}):(\d{1,5})$/i.exec(text)
  const [, host = '', digits = ''] = match ?? []
  const port = Number(digits)
  if (match === null || port > 65_535) return undefined
  if (!host.startsWith('[')) return /^[\d.]+$/.test(host) && isIP(host) !== 4 ? undefined : { host, port }
  const address = host.slice(1, -1)
  return isIP(address) === 6 ? { host: address, port } : undefined
}

export function addressFault(text: string): Fault | undefined {
  if (parseAddress(text) !== undefined) return undefined
  return {
    message: 'is not an address of the form `host:port`',
    help: 'write it like `127.0.0.1:8080` or `[::1]:8080`',
  }
}

/** RFC 4632 section 3.1 and RFC 4291 section 2.3: an address, a slash and a prefix length. */
export function cidrFault(text: string): Fault | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const version = isIP(address)
  const longest = version === 4 ? 32 : 128
  if (version === 0 || Number(digits) > longest) {
    return { message: 'is not an address range', help: 'write it like `10.0.0.0/8` or `fd00::/8`' }
  }
  if (Number(digits) === 0) {
    return { message: 'allows every address', help: 'name the ranges of your own network, such as `10.0.0.0/8`' }
  }
  return undefined
}
