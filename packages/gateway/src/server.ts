/**
 * The composition root: wires ports to adapters.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGuardedFetch, createVerifier } from '@sallyport/guard'
import { openAuditLog } from './audit/index.ts'
import { createCatalogue, createSchemaCompiler } from './catalogue/index.ts'
import type { Clock } from './clock.ts'
import { type Address, audienceOf, auditFileOf, type Config } from './config/types.ts'
import { createCredentials } from './credentials/credentials.ts'
import { createEgress } from './egress/egress.ts'
import { createAuthorizationServer } from './identity/index.ts'
import { servesHost, siteOf } from './ingress/hosts.ts'
import { createIngress } from './ingress/ingress.ts'
import type { Endpoint } from './ingress/options.ts'
import { RequestStates } from './ingress/request-state.ts'
import { Sessions } from './ingress/sessions.ts'
import { httpServerOptions, maxHeadersCount } from './ingress/settings.ts'
import { createListener } from './listener.ts'
import { createOAuthRecorder } from './oauth-record.ts'
import { createObserve } from './observe.ts'
import { handle, type Stages } from './pipeline.ts'
import { createPolicyEngine, type PolicySource } from './policy/index.ts'
import { openRootKey } from './secrets/root-key.ts'
import { openSqliteStore } from './store/index.ts'
import { createMetrics, createOpsServer, type Logger } from './telemetry/index.ts'
import { createTools } from './tools.ts'
import { createTransitRecorder } from './transit.ts'

export const tenant = 'default'

/** How often what another process accepted (`pin accept`) is looked for. */
const catalogueRefreshMs = 2_000
/** Outcomes of a send in which the upstream did its part. */
const answered: ReadonlySet<string> = new Set(['response', 'error', 'accepted', 'ended'])
/**
 * Clients connected at once; Node closes what is over before it is read. Below what a process may have open (often 65,536)
 * with room for upstreams and files, and so that sockets that send nothing until their time is up take little memory.
 */
const maxConnections = 4096
/** What is under way when the gateway is asked to stop may take so long. */
const drainMs = 10_000

export interface Gateway {
  readonly url: string
  readonly ops: string
  /** Takes no more calls, lets those under way end, and writes what the log still holds. */
  stop(): Promise<void>
}

export interface GatewayOptions {
  readonly config: Config
  readonly policies: readonly PolicySource[]
  readonly log: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}

/** @throws what keeps it from starting: an unusable root key, store or log, an address that is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log } = options
  const stack = new AsyncDisposableStack()
  try {
    const parts = await assemble(options, stack)
    const site = siteOf(config.url, config.listen)
    const mcp = createServer(httpServerOptions, parts.listener(site))
    mcp.maxHeadersCount = maxHeadersCount
    mcp.maxConnections = maxConnections
    const { ops } = parts
    await listen(ops, config.ops, 'ops')
    stack.defer(() => closed(ops))
    await listen(mcp, config.listen, 'listen')
    return {
      url: config.url,
      ops: `http://${hostPort(ops)}`,
      stop: async () => {
        parts.draining()
        await drain(mcp, drainMs)
        await stack.disposeAsync()
        log.info({}, 'stopped')
      },
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

interface Parts {
  readonly listener: (site: ReturnType<typeof siteOf>) => RequestListener
  readonly ops: Server
  draining(): void
}

async function assemble(options: GatewayOptions, stack: AsyncDisposableStack): Promise<Parts> {
  const { config, log, clock } = options
  const names = config.upstreams.map(({ name }) => name)
  const metrics = createMetrics()

  const rootKey = await openRootKey(config.rootKey, { mayCreate: !existsSync(config.store.path), random: randomBytes })
  const store = await openSqliteStore(config.store.path)
  stack.defer(() => store.close())
  const audit = await openAuditLog({
    file: auditFileOf(config),
    tenant,
    commitmentKey: rootKey.derive(tenant, 'audit commitments', 32),
    clock,
    random: randomBytes,
    onError: (error) =>
      log.error({ detail: error.message }, 'the audit log cannot be written; calls are refused until it can'),
    onCommit: (entries, ms) => metrics.auditCommit(entries, ms),
  })
  stack.defer(() => audit.stop())
  metrics.watchAudit(audit)

  const compiler = createSchemaCompiler()
  stack.defer(() => compiler.stop())
  const catalogue = await createCatalogue({ store: store.catalogue, tenant, now: clock.now, compiler })
  const policy = createPolicyEngine({ policies: options.policies, catalogue, config, tenant })
  for (const warning of policy.warnings()) log.warn({ detail: warning }, 'policy')
  const refresh = setInterval(
    () =>
      void catalogue
        .refresh()
        .catch((error: Error) => log.warn({ detail: error.message }, 'the catalogue could not be read')),
    catalogueRefreshMs,
  )
  stack.defer(() => clearInterval(refresh))

  const newRequestId = () => randomBytes(16).toString('hex')
  const fetch = createGuardedFetch({ allow: config.network.allow })
  const credentials = createCredentials({
    upstreams: config.upstreams,
    fetch,
    clock,
    versionKey: rootKey.derive(tenant, 'credential versions', 32),
  })
  const authorizationServer =
    config.authorizationServer === undefined
      ? undefined
      : await createAuthorizationServer({
          url: config.url,
          clients: config.authorizationServer.clients,
          upstreams: names,
          store: store.oauth,
          sealed: store.sealed,
          rootKey,
          tenant,
          clock,
          newRequestId,
          record: createOAuthRecorder(audit, config.url, tenant),
          log,
        })
  const verifier = createVerifier({
    issuers: config.issuers.map(({ client, ...issuer }) => ({
      ...issuer,
      ...(client === undefined ? {} : { client: { id: client.id, secret: () => client.secret.reveal() } }),
    })),
    opaque: authorizationServer?.lookup,
    fetch,
    onTransit: createTransitRecorder(audit, config.upstreams, tenant),
    tenant,
  })

  const headerParameters = (upstream: string, tool: string) => catalogue.accepted(upstream, tool)?.headerParameters
  const finished = (upstream: string, outcome: string) =>
    metrics.upstream(upstream).send(answered.has(outcome) ? 'answered' : 'failed')
  const egress = createEgress({
    upstreams: config.upstreams,
    clock,
    random: randomBytes,
    environment: options.environment,
    headerParameters,
    hooks: { rejected: (upstream) => credentials.rejected(upstream), finished, log },
  })
  stack.defer(() => egress.stop())
  metrics.watchChildren(() => egress.states().filter(({ kind }) => kind === 'stdio'))

  const adminTools = new Map(config.upstreams.map(({ name, adminTools }) => [name, new Set(adminTools)]))
  const none: ReadonlySet<string> = new Set()
  const stages: Stages = {
    tools: createTools({
      catalogue,
      policy,
      now: clock.now,
      newRequestId,
      report: (upstream, name, what) => log.warn({ upstream, tool: name, detail: what }, 'a tool is not callable'),
    }),
    policy,
    credentials,
    audit,
    egress,
    adminTools: (upstream) => adminTools.get(upstream) ?? none,
    clock,
    observe: createObserve(metrics, names),
    fault: (error, requestId) => log.error({ requestId, err: error }, 'a call failed by a fault of ours'),
  }

  let draining = false
  const ready = async () => {
    const reachable = await store.ping().then(
      () => true,
      () => false,
    )
    return {
      ok: !draining && reachable && audit.healthy,
      checks: { store: reachable, audit: audit.healthy, accepting: !draining },
    }
  }
  const sessions = new Sessions(clock, randomBytes)
  const states = new RequestStates(rootKey.derive(tenant, 'request states', 32))
  const endpoints = new Map(names.map((name) => [name, endpointOf(config, name)]))

  return {
    draining: () => {
      draining = true
    },
    ops: createOpsServer({
      metrics,
      ready,
      live: () => true,
      onError: (error) => log.error({ err: error }, 'the ops listener failed'),
    }),
    listener: (site) => {
      const ingress = createIngress({
        url: config.url,
        site,
        endpoints,
        verifier,
        sessions,
        states,
        clock,
        random: randomBytes,
        headerParameters,
      })
      return createListener({
        url: config.url,
        upstreams: names,
        issuers: [
          ...(authorizationServer === undefined ? [] : [config.url]),
          ...config.issuers.map(({ issuer }) => issuer),
        ],
        authorizationServer,
        servesHost: (host) => servesHost(site, host),
        mcp: (request, response) => {
          handle(ingress.open(request, response), stages).catch((error: unknown) => {
            // It answers whatever happens; where that itself fails, one client goes without, and nobody else.
            log.error({ err: error }, 'a request could not be answered')
            response.destroy()
          })
        },
      })
    },
  }
}

function endpointOf(config: Config, upstream: string): Endpoint {
  const accepted = new Map<string, string>()
  for (const { issuer, endpoints } of config.issuers) {
    const own = endpoints[upstream]
    if (own !== undefined) accepted.set(issuer, own.audience)
  }
  return { audience: audienceOf(config, upstream), accepted, scopes: [`${upstream}:read`] }
}

function listen(server: Server, { host, port }: Address, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'the address is taken; choose another in'
          : `${error.code ?? error.message}; check`
      reject(new Error(`cannot listen on ${host}:${port}: ${why} \`${key}\``))
    })
    server.listen(port, host, resolve)
  })
}

function hostPort(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function drain(server: Server, withinMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), withinMs)
  await ended
  clearTimeout(timer)
}
