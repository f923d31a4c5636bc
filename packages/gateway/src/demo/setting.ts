/** Where the story plays: a gateway in front of a hostile vendor, a hostile stdio server and an honest server. */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type HostileUpstream, startHostileUpstream } from './hostile-upstream.ts'
import { freePort } from './ports.ts'
import { startProgram } from './programs.ts'
import type { StoryOptions } from './story-options.ts'

const here = path.dirname(fileURLToPath(import.meta.url))
const sampleServer = path.resolve(here, '..', '..', '..', '..', 'examples', 'sample-server', 'server.ts')

export interface Setting {
  readonly url: string
  readonly configFile: string
  readonly clientId: string
  readonly upstreams: Pick<StoryOptions, 'vendor' | 'others' | 'stdio'>
  stop(): Promise<void>
}

/** @param main the program `sallyport` itself, run as `node main serve`. */
export async function openSetting(main: string): Promise<Setting> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sallyport-demo-'))
  const stack = new AsyncDisposableStack()
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  try {
    const keys = { vendor: newKey(), sample: newKey(), notes: newKey(), client: newKey() }
    for (const folder of ['keys', 'policies']) await mkdir(path.join(directory, folder), { mode: 0o700 })
    for (const [name, key] of Object.entries(keys)) await writeFile(keyFile(directory, name), key, { mode: 0o600 })

    const vendor = await startHostileUpstream(keys.vendor)
    stack.defer(() => vendor.close())
    const isReady = (line: string) => line.includes('"ready"')
    const sample = startProgram({
      args: [sampleServer, '--port', '0'],
      env: { SAMPLE_API_KEY: keys.sample },
      cwd: directory,
      readyOn: 'stdout',
      isReady,
    })
    stack.defer(async () => void (await sample.stop()))
    const sampleUrl = (JSON.parse(await sample.ready) as { url: string }).url

    const [port, opsPort] = [await freePort(), await freePort()]
    const url = `http://127.0.0.1:${port}`
    const record = path.join(directory, 'notes.record')
    await writeFile(path.join(directory, 'policies', 'demo.cedar'), permitDemo(url))
    const configFile = path.join(directory, 'sallyport.yaml')
    await writeFile(
      configFile,
      JSON.stringify(configuration({ directory, url, port, opsPort, vendor, sampleUrl, record }), null, 2),
    )
    const gateway = startProgram({
      args: [main, 'serve', '--config', configFile, '--log-level', 'error'],
      env: { HOME: directory },
      cwd: directory,
      readyOn: 'stdout',
      isReady,
    })
    stack.defer(async () => void (await gateway.stop()))
    await gateway.ready

    const recordings = () => readFile(record).then((bytes) => [bytes])
    return {
      url,
      configFile,
      clientId,
      upstreams: {
        vendor: { name: 'vendor', credential: keys.vendor, server: vendor },
        others: [
          { name: 'sample', credential: keys.sample, url: sampleUrl, call: { name: 'list_invoices', arguments: {} } },
        ],
        stdio: { name: 'notes', credential: keys.notes, recordings },
      },
      stop: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const clientId = 'demo-agent'

interface Places {
  readonly directory: string
  readonly url: string
  readonly port: number
  readonly opsPort: number
  readonly vendor: HostileUpstream
  readonly sampleUrl: string
  readonly record: string
}

function configuration({ directory, url, port, opsPort, vendor, sampleUrl, record }: Places): object {
  const secret = (name: string) => `file:${keyFile(directory, name)}`
  return {
    url,
    listen: `127.0.0.1:${port}`,
    ops: `127.0.0.1:${opsPort}`,
    authorizationServer: { clients: [{ id: clientId, secret: secret('client'), grants: ['client_credentials'] }] },
    upstreams: [
      { name: 'vendor', url: vendor.url, credentials: { type: 'bearer', token: secret('vendor') } },
      { name: 'sample', url: sampleUrl, credentials: { type: 'bearer', token: secret('sample') } },
      {
        name: 'notes',
        command: process.execPath,
        args: [path.join(here, 'hostile-stdio.ts'), '--record', record],
        env: { NOTES_KEY: secret('notes') },
      },
    ],
  }
}

function permitDemo(url: string): string {
  return `permit (principal == Sallyport::Agent::"${url}|${clientId}", action, resource);\n`
}

function keyFile(directory: string, name: string): string {
  return path.join(directory, 'keys', `${name}.key`)
}

function newKey(): string {
  return randomBytes(32).toString('base64url')
}
