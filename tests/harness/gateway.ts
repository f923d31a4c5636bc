/** A gateway in a process of its own, on a temporary folder, as an operator would run it. */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../packages/gateway/src/demo/ports.ts'
import { startProgram, stopProgram } from '../../packages/gateway/src/demo/programs.ts'

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const main = path.join(repository, 'packages', 'gateway', 'src', 'cli', 'main.ts')

export interface GatewaySettings {
  readonly upstreams: readonly Record<string, unknown>[]
  readonly issuers?: readonly Record<string, unknown>[]
  /** File name to Cedar text. */
  readonly policies?: Readonly<Record<string, string>>
  /** Client id to its scopes; undefined means every one. */
  readonly clients?: Readonly<Record<string, readonly string[] | undefined>>
  readonly env?: Readonly<Record<string, string>>
}

/** Everything for everyone: the tests of what is not policy start from here. */
export const permitAll = 'permit (principal, action, resource);\n'

export class RunningGateway {
  readonly url: string
  readonly ops: string
  readonly directory: string
  readonly configFile: string
  readonly process: ChildProcess
  readonly #output: string[]
  readonly secrets: Readonly<Record<string, string>>

  constructor(
    ready: { url: string; ops: string },
    directory: string,
    configFile: string,
    child: ChildProcess,
    output: string[],
    secrets: Record<string, string>,
  ) {
    this.url = ready.url
    this.ops = ready.ops
    this.directory = directory
    this.configFile = configFile
    this.process = child
    this.#output = output
    this.secrets = secrets
  }

  endpoint(upstream: string): string {
    return `${this.url}/mcp/${upstream}`
  }

  /** All that it printed, both streams. */
  get output(): string {
    return this.#output.join('')
  }

  async token(upstream: string, options: { client?: string; scope?: string } = {}): Promise<string> {
    const client = options.client ?? 'agent'
    const secret = this.secrets[client]
    if (secret === undefined) throw new Error(`no client \`${client}\``)
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: this.endpoint(upstream) })
    body.set('scope', options.scope ?? `${upstream}:read ${upstream}:write ${upstream}:admin mcp:list`)
    const basic = Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString('base64')
    const response = await fetch(`${this.url}/oauth/token`, {
      method: 'POST',
      body,
      headers: { authorization: `Basic ${basic}` },
    })
    const answer = (await response.json()) as { access_token?: string }
    if (answer.access_token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(answer)}`)
    return answer.access_token
  }

  /** The log, oldest first, read from its file. Outcomes are durable shortly after the answer: await what you expect. */
  audit(): Record<string, unknown>[] {
    const database = new DatabaseSync(path.join(this.directory, 'data', 'audit.db'), { readOnly: true })
    try {
      return database
        .prepare('select canonical from entries order by position')
        .all()
        .map((row) => JSON.parse(text(row.canonical)))
    } finally {
      database.close()
    }
  }

  async auditWhere(
    wanted: (entry: Record<string, unknown>) => boolean,
    atLeast = 1,
  ): Promise<Record<string, unknown>[]> {
    for (let attempt = 0; ; attempt += 1) {
      const found = this.audit().filter(wanted)
      if (found.length >= atLeast) return found
      if (attempt === 100)
        throw new Error(`${found.length} of ${atLeast} entries after two seconds; the log holds ${this.audit().length}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const code = await stopProgram(this.process, signal)
    await rm(this.directory, { recursive: true, force: true })
    return code
  }
}

function text(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value)
}

/** Writes a secret to a file of its own and answers the reference to it. */
export async function secretFile(directory: string, name: string, value: string): Promise<string> {
  const file = path.join(directory, 'keys', name)
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, value, { mode: 0o600 })
  await chmod(file, 0o600)
  return `file:${file}`
}

export async function makeConfiguration(
  settings: GatewaySettings,
): Promise<{ directory: string; file: string; secrets: Record<string, string> }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sallyport-'))
  const [port, opsPort] = [await freePort(), await freePort()]
  const clients = settings.clients ?? { agent: undefined }
  const secrets: Record<string, string> = {}
  const configured = []
  for (const [id, scopes] of Object.entries(clients)) {
    secrets[id] = randomBytes(24).toString('base64url')
    const secret = await secretFile(directory, `${id}.secret`, secrets[id])
    configured.push({ id, secret, grants: ['client_credentials'], ...(scopes === undefined ? {} : { scopes }) })
  }
  const upstreams = await Promise.all(settings.upstreams.map((upstream) => withSecretFiles(directory, upstream)))
  await mkdir(path.join(directory, 'policies'), { recursive: true })
  for (const [name, policy] of Object.entries(settings.policies ?? { 'all.cedar': permitAll })) {
    await writeFile(path.join(directory, 'policies', name), policy)
  }
  const file = path.join(directory, 'sallyport.yaml')
  const configuration = {
    url: `http://127.0.0.1:${port}`,
    listen: `127.0.0.1:${port}`,
    ops: `127.0.0.1:${opsPort}`,
    store: 'sqlite:./data/sallyport.db',
    rootKey: 'file:./keys/root.key',
    policies: './policies',
    authorizationServer: { clients: configured },
    ...(settings.issuers === undefined ? {} : { issuers: settings.issuers }),
    upstreams,
  }
  await writeFile(file, JSON.stringify(configuration, null, 2))
  return { directory, file, secrets }
}

/** `{ secret: 'value' }` anywhere in an upstream becomes a reference to a file of mode 0600. */
async function withSecretFiles(directory: string, value: Record<string, unknown>): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) out[key] = member
    else if ('secret' in member)
      out[key] = await secretFile(directory, randomBytes(6).toString('hex'), String(member.secret))
    else out[key] = await withSecretFiles(directory, member as Record<string, unknown>)
  }
  return out
}

export async function startGateway(settings: GatewaySettings): Promise<RunningGateway> {
  const { directory, file, secrets } = await makeConfiguration(settings)
  return runGateway(directory, file, secrets, settings.env)
}

/** @param directory goes with the gateway, also where it does not start. */
export async function runGateway(
  directory: string,
  file: string,
  secrets: Record<string, string>,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const output: string[] = []
  const program = startProgram({
    args: [main, 'serve', '--config', file],
    cwd: directory,
    env: { HOME: directory, ...env },
    readyOn: 'stdout',
    isReady: (line) => line.includes('"ready"'),
    onLine: (line) => output.push(`${line}\n`),
  })
  try {
    const ready = JSON.parse(await program.ready) as { url: string; ops: string }
    return new RunningGateway(ready, directory, file, program.child, output, secrets)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}
