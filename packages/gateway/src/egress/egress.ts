import type { Clock, RandomBytes } from '../clock.ts'
import type { UpstreamConfig } from '../config/types.ts'
import type { Credential } from '../credentials/port.ts'
import type { Intent } from '../stages.ts'
import { HttpUpstream } from './http.ts'
import type { HeaderParameters } from './http-request.ts'
import { Ids, TraceParents } from './ids.ts'
import type { Egress, EgressResult, Relay, Seal } from './port.ts'
import type { EgressHooks } from './results.ts'
import { StdioUpstream } from './stdio.ts'
import type { Environment } from './stdio-environment.ts'
import { Children } from './stdio-slots.ts'
import type { Upstream, UpstreamPorts, UpstreamState } from './upstream.ts'

export interface EgressOptions {
  readonly upstreams: readonly UpstreamConfig[]
  readonly clock: Clock
  readonly random: RandomBytes
  /** The gateway's own environment, of which children get PATH, HOME, TMPDIR and LANG. */
  readonly environment: Environment
  /** From the catalogue: what of a tool's arguments is mirrored into headers. */
  readonly headerParameters: HeaderParameters
  readonly hooks: EgressHooks
}

export interface ObservedEgress extends Egress {
  /** For readiness and metrics. */
  states(): readonly UpstreamState[]
}

/**
 * The sole sender to upstreams, HTTP and stdio. Each has its own connections or children, so that one which breaks
 * touches no other. Nothing is retried, and no redirect followed.
 * @throws {Error} a URL that cannot be an upstream's.
 */
export function createEgress(options: EgressOptions): ObservedEgress {
  const { clock, random, headerParameters, hooks, environment } = options
  const ports: UpstreamPorts = {
    clock,
    headerParameters,
    hooks,
    ids: new Ids(random),
    traceParents: new TraceParents(random),
  }
  const children = new Children()
  const upstreams = new Map<string, Upstream>()
  for (const config of options.upstreams) {
    const upstream =
      config.kind === 'http'
        ? new HttpUpstream(config, ports)
        : new StdioUpstream(config, { ...ports, environment, children })
    upstreams.set(config.name, upstream)
  }
  return new Upstreams(upstreams)
}

class Upstreams implements ObservedEgress {
  readonly #upstreams: ReadonlyMap<string, Upstream>

  constructor(upstreams: ReadonlyMap<string, Upstream>) {
    this.#upstreams = upstreams
  }

  invoke<U extends string>(
    intent: Intent<U>,
    credential: Credential<NoInfer<U>>,
    seal: Seal,
    relay: Relay,
  ): Promise<EgressResult> {
    const name = intent.upstream
    // INVARIANT: the types say so already; a cast somewhere must not be enough to present one upstream's credential to another.
    if (
      credential.upstream !== name ||
      intent.authorized.upstream !== name ||
      intent.authorized.call.upstream !== name
    ) {
      throw new Error(`a call to \`${name}\` with the call or credential of \`${credential.upstream}\``)
    }
    const upstream = this.#upstreams.get(name)
    if (upstream === undefined) throw new Error(`no upstream \`${name}\` is configured`)
    return upstream.invoke(intent, credential, seal, relay)
  }

  states(): readonly UpstreamState[] {
    return [...this.#upstreams.values()].map((upstream) => upstream.state())
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.#upstreams.values()].map((upstream) => upstream.stop()))
  }
}
