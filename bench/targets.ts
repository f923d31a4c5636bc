/** The three proxies before one upstream, each in processes of its own. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { stopProgram } from '../packages/gateway/src/demo/programs.ts'
import { makeConfiguration, type RunningGateway, runGateway } from '../tests/harness/gateway.ts'
import { findNginx, startNginx } from './nginx.ts'
import { benchPolicies } from './policies.ts'
import { childrenOf, LineProcess } from './processes.ts'

const client = 'bench-agent'

export interface Target {
  readonly name: 'nginx' | 'bare' | 'gateway'
  /** Of its endpoint; the same path at all of them. */
  readonly url: string
  /** The processes whose CPU time is its cost. */
  readonly pids: readonly number[]
}

export interface Targets {
  readonly all: readonly Target[]
  /** An access token for the gateway's endpoint, from its embedded authorization server. */
  token(): Promise<string>
  stop(): Promise<void>
}

export async function startTargets(concurrency: number): Promise<Targets> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-bench-'))
  const credential = randomBytes(24).toString('base64url')
  const credentialFile = path.join(folder, 'credential')
  writeFileSync(credentialFile, credential, { mode: 0o600 })
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  const started = async (
    file: string,
    ...args: readonly string[]
  ): Promise<{ readonly url: string; readonly pid: number }> => {
    const node = new LineProcess<{ readonly url: string }>(file, args)
    stops.push(() => stopProgram(node.child))
    return { url: (await node.said()).url, pid: node.pid }
  }
  try {
    const upstream = new URL((await started('upstream.ts', credentialFile)).url)
    const bare = await started('bare-proxy.ts', upstream.href, credentialFile, String(concurrency))
    const gateway = await startBenchGateway(upstream, credential)
    stops.push(() => gateway.stop())
    const all: Target[] = [
      { name: 'bare', url: `${bare.url}/mcp/bench`, pids: [bare.pid] },
      { name: 'gateway', url: gateway.endpoint('bench'), pids: [gateway.process.pid ?? 0] },
    ]
    const binary = findNginx()
    if (binary !== undefined) {
      const nginx = await startNginx(binary, folder, upstream, credential, concurrency)
      stops.push(() => stopProgram(nginx.child))
      const master = nginx.child.pid ?? 0
      all.unshift({ name: 'nginx', url: `${nginx.url}/mcp/bench`, pids: [master, ...childrenOf(master)] })
    }
    return { all, token: () => gateway.token('bench', { client, scope: 'bench:read mcp:list' }), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** With everything on: a verified token, twenty policies, the durable log, both tripwires. */
async function startBenchGateway(upstream: URL, credential: string): Promise<RunningGateway> {
  const { directory, file, secrets } = await makeConfiguration({
    clients: { [client]: undefined },
    upstreams: [{ name: 'bench', url: upstream.href, credentials: { type: 'bearer', token: { secret: credential } } }],
    policies: {},
  })
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { readonly url: string }
  writeFileSync(path.join(directory, 'policies', 'bench.cedar'), benchPolicies(url, client))
  return runGateway(directory, file, secrets)
}
