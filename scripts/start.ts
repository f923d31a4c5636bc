/**
 * `npm start`: the gateway on embedded defaults in front of three real servers, with a test client, and what to paste.
 * What it keeps is in `.sallyport/start` of this checkout; delete that folder to begin anew.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../packages/gateway/src/demo/ports.ts'
import { type Program, type ProgramOptions, startProgram } from '../packages/gateway/src/demo/programs.ts'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const home = path.join(root, '.sallyport', 'start')
const main = path.join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts')
const inspectorFile = path.join(home, 'inspector.json')
const tokenLifeMs = 600_000

const usage = `npm start [-- --port PORT]

Starts the gateway in front of three MCP servers and prints what to paste. Ctrl-C ends all of it.
  --port PORT   where the gateway listens on 127.0.0.1 (8080, or a free one where that is taken)
`

const upstreams = [
  { name: 'everything', what: 'server-everything over Streamable HTTP, MCP 2025-11-25' },
  { name: 'files', what: 'server-filesystem over stdio, serving examples/' },
  { name: 'sample', what: 'the sample server in examples/, MCP 2026-07-28, with an API key of its own' },
] as const

const programs: Program[] = []
const refreshers: NodeJS.Timeout[] = []

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

/** Started in our folder; where it ends by itself, so does everything. @returns the line that said that it is ready. */
async function start(name: string, options: Omit<ProgramOptions, 'cwd'>): Promise<string> {
  const program = startProgram({ ...options, cwd: home, env: { HOME: process.env.HOME ?? home, ...options.env } })
  programs.push(program)
  const ready = await program.ready
  void program.ended.then((code) => (stopping ? undefined : stop(`${name} ended with ${code}`)))
  return ready
}

/** A secret in a file of mode 0600, made once. */
async function secretFile(name: string): Promise<string> {
  const file = path.join(home, 'keys', name)
  const exists = await stat(file).then(
    () => true,
    () => false,
  )
  if (!exists) await writeFile(file, randomBytes(32).toString('base64url'), { mode: 0o600 })
  return file
}

let stopping = false
async function stop(why: string | undefined): Promise<void> {
  if (stopping) return
  stopping = true
  for (const timer of refreshers) clearInterval(timer)
  if (why !== undefined) process.stderr.write(`sallyport: ${why}\n`)
  await Promise.all(programs.map((program) => program.stop()))
  process.exit(why === undefined ? 0 : 1)
}

async function writeConfiguration(
  everythingUrl: string,
  sampleUrl: string,
  port: number,
  opsPort: number,
): Promise<string> {
  const file = path.join(home, 'sallyport.yaml')
  const filesystem = path.join(root, 'node_modules', '@modelcontextprotocol', 'server-filesystem', 'dist', 'index.js')
  const configuration = `# written anew by each \`npm start\`
url: http://127.0.0.1:${port}
listen: 127.0.0.1:${port}
ops: 127.0.0.1:${opsPort}
authorizationServer:
  clients:
    - { id: test-client, secret: ${JSON.stringify(`file:${await secretFile('test-client.secret')}`)}, grants: [client_credentials] }
upstreams:
  - name: everything
    url: ${everythingUrl}
  - name: files
    command: ${JSON.stringify(process.execPath)}
    args: ${JSON.stringify([filesystem, path.join(root, 'examples')])}
  - name: sample
    url: ${sampleUrl}
    credentials: { type: bearer, token: ${JSON.stringify(`file:${await secretFile('sample.key')}`)} }
`
  await writeFile(file, configuration)
  const policy = `// The test client may do everything here. \`sallyport init\` writes a stricter start.
permit (
  principal == Sallyport::Agent::"http://127.0.0.1:${port}|test-client",
  action,
  resource
);
`
  await writeFile(path.join(home, 'policies', 'start.cedar'), policy)
  return file
}

function sallyport(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`\`sallyport ${args[0]}\` ended with ${code}`)),
    )
  })
}

async function writeTokens(config: string): Promise<void> {
  for (const { name } of upstreams) {
    await sallyport([
      'token',
      '--config',
      config,
      '--client',
      'test-client',
      '--upstream',
      name,
      '--out',
      path.join(home, `${name}.token`),
      '--inspector',
      inspectorFile,
    ])
  }
}

async function run(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(usage)
  await mkdir(path.join(home, 'keys'), { recursive: true, mode: 0o700 })
  await mkdir(path.join(home, 'policies'), { recursive: true })
  await chmod(path.join(home, 'keys'), 0o700)
  const sampleKey = await readFile(await secretFile('sample.key'), 'utf8')

  const everythingPort = await freePort()
  const everything = start('server-everything', {
    args: [
      path.join(root, 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js'),
      'streamableHttp',
    ],
    env: { PORT: String(everythingPort) },
    readyOn: 'stderr',
    isReady: (line) => line.includes('listening'),
  })
  const sample = start('the sample server', {
    args: [path.join(root, 'examples', 'sample-server', 'server.ts'), '--port', '0'],
    env: { SAMPLE_API_KEY: sampleKey },
    readyOn: 'stdout',
    isReady: (line) => line.includes('"ready"'),
  })
  const [, sampleReady] = await Promise.all([everything, sample])
  const sampleUrl = (JSON.parse(sampleReady) as { url: string }).url

  const port = await freePort(Number(option('--port') ?? 8080))
  const opsPort = await freePort(8081)
  const config = await writeConfiguration(`http://127.0.0.1:${everythingPort}/mcp`, sampleUrl, port, opsPort)
  const ready = await start('the gateway', {
    args: [main, 'serve', '--config', config],
    env: {},
    readyOn: 'stdout',
    isReady: (line) => line.includes('"ready"'),
    onLine: (line, stream) => stream === 'stderr' && process.stderr.write(`${line}\n`),
  })
  const { url, ops } = JSON.parse(ready) as { url: string; ops: string }
  await writeTokens(config)
  refreshers.push(
    setInterval(
      () => void writeTokens(config).catch((error: Error) => process.stderr.write(`sallyport: ${error.message}\n`)),
      tokenLifeMs / 2,
    ),
  )

  const relative = (file: string) => path.relative(process.cwd(), file) || '.'
  const say = (text = '') => process.stdout.write(`${text}\n`)
  say(`\nSallyport is up at ${url} (health and metrics at ${ops}).\n`)
  for (const { name, what } of upstreams) say(`  ${url}/mcp/${name}`.padEnd(46) + what)
  say('\nA client, as it would be pasted into a second terminal, in this folder:\n')
  say(
    `  node_modules/.bin/mcp-inspector --cli --config ${relative(inspectorFile)} --server everything --method tools/list`,
  )
  say(
    `  node_modules/.bin/mcp-inspector --cli --config ${relative(inspectorFile)} --server sample --method tools/call --tool-name echo --tool-arg text=hello\n`,
  )
  say(`The tokens in ${relative(inspectorFile)} (mode 0600) are renewed while this runs. One of your own, in a file:\n`)
  say(`  bin/sallyport token --config ${relative(config)} --client test-client --upstream sample --out sample.token\n`)
  say('What happened, and what each server gets to see:\n')
  say(`  bin/sallyport audit tail --config ${relative(config)}`)
  say(`  bin/sallyport explain sample --config ${relative(config)}\n`)
  say('Ctrl-C ends all of it.')
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(undefined))
await run().catch((error: Error) => stop(error.message))
