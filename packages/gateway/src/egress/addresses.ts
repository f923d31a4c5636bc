/**
 * Where an upstream's host may lead. The operator names upstreams, so private addresses are fine; link-local ones and
 * those of cloud metadata are not, whatever a name resolves to (design, Configuration).
 */
import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'

export class AddressForbidden extends Error {
  override readonly name = 'AddressForbidden'
}

const forbidden = new BlockList()
forbidden.addSubnet('169.254.0.0', 16, 'ipv4')
forbidden.addSubnet('fe80::', 10, 'ipv6')
// Metadata of Azure, Alibaba, Oracle, AWS and Google beyond the link-local range.
forbidden.addAddress('168.63.129.16', 'ipv4')
forbidden.addAddress('100.100.100.200', 'ipv4')
forbidden.addAddress('192.0.0.192', 'ipv4')
forbidden.addAddress('fd00:ec2::254', 'ipv6')
forbidden.addAddress('fd20:ce::254', 'ipv6')
// The link-local range again, through NAT64 (RFC 6052) and 6to4 (RFC 3056).
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether this is no IP address, or one that no upstream may have. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.split('%')[0] ?? address
  const family = isIP(plain)
  return family === 0 || forbidden.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/** Why nothing is said to this peer; undefined where it is the upstream's. */
export function peerProblem(peer: string | undefined, protocol: string, insecureHttp: boolean): string | undefined {
  if (peer === undefined || isForbiddenAddress(peer))
    return 'the host leads to an address that is not one for an upstream'
  if (protocol !== 'http:' || insecureHttp || loopback.check(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4')) return undefined
  return 'plain HTTP to an upstream that is not on loopback; use https, or `insecureHttp: true`'
}

export interface ConnectorOptions {
  readonly connectTimeoutMs: number
  /** Plain HTTP beyond loopback. */
  readonly insecureHttp: boolean
}

/** A connector for one upstream that checks the literal, what the name resolves to, and whom it reached. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    // One connection carries one call at a time, so that a broken answer can be told whose it was.
    allowH2: false,
    maxCachedSessions: 16,
    rejectUnauthorized: true,
    keepAlive: true,
    noDelay: true,
    lookup: guardedLookup,
  } as buildConnector.BuildOptions)
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0 && isForbiddenAddress(literal)) {
      callback(new AddressForbidden(`the address ${literal} is not one for an upstream`), null)
      return
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      const problem = peerProblem((socket as Socket).remoteAddress, target.protocol, options.insecureHttp)
      if (problem === undefined) {
        callback(null, socket)
        return
      }
      socket.destroy()
      callback(new AddressForbidden(problem), null)
    })
  }
}

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '', 0)
      return
    }
    const allowed = addresses.filter(({ address }) => !isForbiddenAddress(address))
    const first = allowed[0]
    if (first === undefined) {
      callback(new AddressForbidden(`\`${hostname}\` resolves to no address for an upstream`), '', 0)
      return
    }
    if (options.all === true) callback(null, allowed)
    else callback(null, first.address, first.family)
  })
}
