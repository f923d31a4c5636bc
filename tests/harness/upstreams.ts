/** Real MCP servers for tests, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { repository, stopProcess } from './gateway.ts'
import { freePort } from './ports.ts'

export interface RunningUpstream {
  readonly url: string
  stop(): Promise<void>
}

/** `@modelcontextprotocol/server-everything` over Streamable HTTP: the earlier era, written by others. */
export async function startEverything(): Promise<RunningUpstream> {
  const port = await freePort()
  const entry = path.join(repository, 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
  const child = spawn(process.execPath, [entry, 'streamableHttp'], {
    env: { PATH: process.env.PATH ?? '', PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await line(child, 'stderr', (text) => text.includes('listening'))
  return { url: `http://127.0.0.1:${port}/mcp`, stop: async () => void (await stopProcess(child)) }
}

/** The sample server of `examples/`: the modern era, with a credential of its own. */
export async function startSample(apiKey: string): Promise<RunningUpstream> {
  const entry = path.join(repository, 'examples', 'sample-server', 'server.ts')
  const child = spawn(process.execPath, [entry, '--port', '0'], {
    env: { PATH: process.env.PATH ?? '', SAMPLE_API_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ready = JSON.parse(await line(child, 'stdout', (text) => text.includes('"ready"'))) as { url: string }
  return { url: ready.url, stop: async () => void (await stopProcess(child)) }
}

/** The configuration of `@modelcontextprotocol/server-filesystem` over stdio, serving `directory`. */
export function filesystemUpstream(name: string, directory: string): Record<string, unknown> {
  const entry = path.join(repository, 'node_modules', '@modelcontextprotocol', 'server-filesystem', 'dist', 'index.js')
  return { name, command: process.execPath, args: [entry, directory] }
}

function line(child: ChildProcess, stream: 'stdout' | 'stderr', wanted: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const input = child[stream]
    if (input === null) return reject(new Error(`no ${stream}`))
    createInterface({ input }).on('line', (text) => wanted(text) && resolve(text))
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
    child.once('error', reject)
  })
}
