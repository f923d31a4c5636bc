/** An inbound token on its way to its own issuer (RFC 7662): never where an upstream stands, and never unrecorded. */
import type { Transit } from '@sallyport/guard'
import type { AuditLog } from './audit/port.ts'
import type { UpstreamConfig } from './config/types.ts'

/**
 * What the verifier awaits before each transit.
 * @returns a function that throws where the endpoint, which the issuer's metadata names, has the origin of an upstream:
 * the configuration was checked for the issuer's own origin only.
 */
export function createTransitRecorder(
  audit: Pick<AuditLog, 'append'>,
  upstreams: readonly UpstreamConfig[],
  tenant: string,
): (transit: Transit) => Promise<void> {
  const taken = new Set(
    upstreams.flatMap((upstream) => (upstream.kind === 'http' ? [new URL(upstream.url).origin] : [])),
  )
  return async ({ issuer, endpoint, tokenSha256 }) => {
    if (taken.has(new URL(endpoint).origin)) {
      throw new Error(
        `the metadata of ${issuer} names an introspection endpoint at the origin of an upstream; give the upstream an origin of its own`,
      )
    }
    await audit.append({
      kind: 'transit',
      requestId: tokenSha256.slice(0, 32),
      tenant,
      token: tokenSha256,
      detail: `to ${endpoint} of ${issuer}`,
    })
  }
}
