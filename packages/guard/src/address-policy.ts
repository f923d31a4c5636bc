/** Which addresses a host may resolve to, by who named it (design, "Configuration"). Pure. */
import ipaddr from 'ipaddr.js'

/**
 * Who named the host: the operator (`configured`), metadata of a host that the operator configured (`named`), or a
 * client. Each may reach less than the one before.
 */
export type Reach = 'configured' | 'named' | 'client'

export type AddressRange = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, prefixLength: number]

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * No host of ours is there, whoever names it: metadata and platform addresses of AWS, Azure, GCP, Alibaba and Oracle.
 */
const cloudMetadata = new Set(
  ['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'].map(
    (address) => ipaddr.parse(address).toNormalizedString(),
  ),
)

const nat64 = ipaddr.IPv6.parse('64:ff9b::')
const globalUnicast = ipaddr.IPv6.parse('2000::')
const ipv4Compatible = ipaddr.IPv6.parse('::')
/** ipaddr.js reads `::127.0.0.1` as IPv4-mapped; to a socket it is another address (RFC 4291 section 2.5.5.1). */
const ipv4CompatibleText = /^::[0-9]+\./

/** Ranges that carry an IPv4 address somewhere inside, where it could hide. */
const tunnels: ReadonlySet<string> = new Set(['6to4', 'teredo', 'rfc6052', 'rfc6145', 'ipv4Compatible'])
/** Ranges that are no destination of one host. */
const nowhere: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast'])

/** @throws {TypeError} `cidr` is none, or writes an IPv4 address other than as four decimal numbers. */
export function parseAddressRange(cidr: string): AddressRange {
  const valid = cidr.includes(':') ? ipaddr.IPv6.isValidCIDR(cidr) : ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)
  if (!valid) throw new TypeError(`\`${cidr}\` is no address range; write it like \`10.0.0.0/8\` or \`fd00::/8\``)
  return ipaddr.parseCIDR(cidr)
}

/** Why this address may not be reached; undefined where it may. */
export function addressProblem(text: string, reach: Reach, allow: readonly AddressRange[]): string | undefined {
  const written = read(text)
  const behind = written && translated(written)
  const address = behind ?? written
  if (address === undefined) return `${text} is no address of a host`
  const range = rangeOf(address)
  if (cloudMetadata.has(address.toNormalizedString())) return `${text} is a cloud metadata address`
  if (range === 'linkLocal') return `${text} is link-local`
  if (nowhere.has(range) || tunnels.has(range)) return `${text} is ${range}`
  if (reach === 'configured') return undefined
  if (range === 'unicast' && behind === undefined) return undefined
  if (reach === 'named' && allow.some((cidr) => isWithin(address, cidr))) return undefined
  return `${text} is not public (${behind === undefined ? range : 'nat64'})`
}

export function isLoopback(text: string): boolean {
  return read(text)?.range() === 'loopback'
}

/** One spelling for each address, to compare what was checked with what was connected to. */
export function normalAddress(text: string): string | undefined {
  return read(text)?.toNormalizedString()
}

function read(text: string): Address | undefined {
  return ipaddr.isValid(text) && !ipv4CompatibleText.test(text) ? ipaddr.process(text) : undefined
}

/** IPv4 out of the well-known NAT64 prefix (RFC 6052 section 2.1), by which it is reached. */
function translated(address: Address): Address | undefined {
  return address.kind() === 'ipv6' && address.match(nat64, 96)
    ? new ipaddr.IPv4(address.toByteArray().slice(12))
    : undefined
}

function rangeOf(address: Address): string {
  const range = address.range()
  if (address.kind() === 'ipv4' || range !== 'unicast') return range
  if (address.match(ipv4Compatible, 96)) return 'ipv4Compatible'
  return address.match(globalUnicast, 3) ? range : 'reserved'
}

function isWithin(address: Address, [network, prefixLength]: AddressRange): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength)
}
