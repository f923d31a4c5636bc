import type { Address } from '../config/types.ts'

/** What `Host` and `Origin` may say. */
export interface Site {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * The site of the public origin, and where that is loopback also of the address listened on. Everything else is another
 * site's name that resolves to us: DNS rebinding (MCP 2026-07-28, Streamable HTTP, Security & Endpoint).
 * @param url public origin, as configured.
 * @param listen what was bound: the port as it is, not 0.
 */
export function siteOf(url: string, listen: Address): Site {
  const { protocol, host, hostname } = new URL(url)
  const defaultPort = protocol === 'https:' ? 443 : 80
  const hosts = new Set([host, host === hostname ? `${host}:${defaultPort}` : host])
  const bound = listen.host.includes(':') ? `[${listen.host.replace(/^\[|\]$/g, '')}]` : listen.host.toLowerCase()
  if (loopback.test(hostname) && loopback.test(bound)) {
    hosts.add(`${bound}:${listen.port}`)
    if (listen.port === defaultPort) hosts.add(bound)
  }
  return { hosts, origins: new Set([...hosts].map((name) => `${protocol}//${name}`)) }
}

/** @param host the `Host` field as it came. */
export function servesHost(site: Site, host: string | undefined): boolean {
  return host !== undefined && (site.hosts.has(host) || site.hosts.has(host.toLowerCase()))
}
