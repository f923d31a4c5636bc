/** Real MCP servers for tests, each in a process of its own. */
import path from 'node:path'
import { freePort } from '../../packages/gateway/src/demo/ports.ts'
import { startProgram } from '../../packages/gateway/src/demo/programs.ts'
import { repository } from './gateway.ts'

export interface RunningUpstream {
  readonly url: string
  stop(): Promise<void>
}

/** `@modelcontextprotocol/server-everything` over Streamable HTTP: the earlier era, written by others. */
export async function startEverything(): Promise<RunningUpstream> {
  const port = await freePort()
  const entry = path.join(repository, 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
  const program = startProgram({
    args: [entry, 'streamableHttp'],
    env: { PORT: String(port) },
    cwd: repository,
    readyOn: 'stderr',
    isReady: (line) => line.includes('listening'),
  })
  await program.ready
  return { url: `http://127.0.0.1:${port}/mcp`, stop: async () => void (await program.stop()) }
}

/** The sample server of `examples/`: the modern era, with a credential of its own. */
export async function startSample(apiKey: string): Promise<RunningUpstream> {
  const program = startProgram({
    args: [path.join(repository, 'examples', 'sample-server', 'server.ts'), '--port', '0'],
    env: { SAMPLE_API_KEY: apiKey },
    cwd: repository,
    readyOn: 'stdout',
    isReady: (line) => line.includes('"ready"'),
  })
  const { url } = JSON.parse(await program.ready) as { url: string }
  return { url, stop: async () => void (await program.stop()) }
}

/** The configuration of `@modelcontextprotocol/server-filesystem` over stdio, serving `directory`. */
export function filesystemUpstream(name: string, directory: string): Record<string, unknown> {
  const entry = path.join(repository, 'node_modules', '@modelcontextprotocol', 'server-filesystem', 'dist', 'index.js')
  return { name, command: process.execPath, args: [entry, directory] }
}
