import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { Io } from '../../src/cli/command.ts'
import { registry } from '../../src/cli/registry.ts'
import { run } from '../../src/cli/run.ts'

/** Stands where secrets stand, and must be in no output. */
export const canary = 'canary-5up3r-s3cr3t-0123456789'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Terminal {
  readonly folder: string
  readonly env: Record<string, string>
  /** Runs one command line, its words parted by blanks, in the folder. */
  run(line: string | readonly string[], stop?: AbortSignal): Promise<Ran>
  /** All that was run, as a person would have seen it; what differs from run to run is replaced. */
  transcript(): string
  write(name: string, content: string, mode?: number): Promise<string>
}

/** A terminal in an empty folder, which goes with the test. */
export async function openTerminal(replaced: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const env: Record<string, string> = {}
  let seen = ''
  const clean = (text: string): string => {
    return Object.entries({ [folder]: '/srv', ...replaced }).reduce(
      (rest, [from, to]) => rest.replaceAll(from, to),
      text,
    )
  }
  return {
    folder,
    env,
    async run(line, stop = new AbortController().signal) {
      const words = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line
      const printed = { stdout: '', stderr: '' }
      const sink = (name: keyof typeof printed, prefix: string) => ({
        write(text: string) {
          printed[name] += text
          seen += clean(text).replace(/^(?=.|\n)/gm, prefix)
        },
      })
      seen += clean(`$ sallyport ${words.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `'${word}'`)).join(' ')}\n`)
      const io: Io = {
        stdout: sink('stdout', '  '),
        stderr: sink('stderr', '! '),
        env,
        cwd: folder,
        clock: { now: () => Date.UTC(2026, 10, 20, 12), monotonic: () => 0 },
        random: (length) => randomBytes(length),
        stop,
      }
      const code = await run(words, io, registry)
      seen += `= ${code}\n\n`
      return { code, ...printed }
    },
    transcript: () => seen,
    async write(name, content, mode = 0o600) {
      const file = path.join(folder, name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, content, { mode })
      await chmod(file, mode)
      return file
    },
  }
}

export const configuration = `url: http://127.0.0.1:8080
authorizationServer:
  clients:
    - { id: agent, secret: file:keys/agent.secret }
upstreams:
  - name: vendor
    url: https://vendor.example.com/mcp
    credentials: { type: bearer, token: "\${VENDOR_KEY}" }
  - name: files
    command: mcp-server-filesystem
    args: [/srv/docs]
    env: { API_KEY: "\${FILES_KEY}" }
  - name: service
    url: https://service.example.com/mcp
    credentials:
      type: client_credentials
      issuer: https://as.example.com
      clientId: sallyport
      clientSecret: \${SERVICE_SECRET}
      scopes: [read]
`

/** A terminal in a folder with a configuration and its secrets. */
export async function openConfigured(
  yaml = configuration,
  replaced: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const terminal = await openTerminal(replaced)
  await terminal.write('sallyport.yaml', yaml)
  await terminal.write('keys/agent.secret', `${canary}-agent\n`)
  await terminal.write('policies/none.cedar', '')
  Object.assign(terminal.env, {
    VENDOR_KEY: `${canary}-vendor`,
    FILES_KEY: `${canary}-files`,
    SERVICE_SECRET: `${canary}-service`,
  })
  return terminal
}
