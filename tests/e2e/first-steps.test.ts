/** What the README says, done as it says it: a stranger's first five minutes, on the machine's own Node. */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../packages/gateway/src/demo/ports.ts'
import { stopProgram } from '../../packages/gateway/src/demo/programs.ts'
import { CapturingUpstream, captureTools } from '../harness/capture.ts'
import { repository } from '../harness/gateway.ts'

const run = promisify(execFile)
const sallyport = path.join(repository, 'bin', 'sallyport')
const inspector = path.join(repository, 'node_modules', '.bin', 'mcp-inspector')
let folder: string
let upstream: CapturingUpstream

/** The Node that a stranger's shell finds: not the pinned one, where the machine has another. */
const strangersPath = (process.env.PATH ?? '')
  .split(path.delimiter)
  .filter((directory) => !directory.startsWith(path.join(repository, 'tools', 'node')))
  .join(path.delimiter)
const env = { ...process.env, PATH: strangersPath, MCP_INSPECTOR_SECRET_STORE: 'memory' }

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sallyport-first-'))
  upstream = await CapturingUpstream.start()
})

afterAll(async () => {
  await upstream?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('init, check, serve, token, a client, explain, audit tail, pin accept', async () => {
  const home = path.join(folder, 'my-gateway')
  await run(sallyport, ['init', 'my-gateway', '--upstream', `notes=${upstream.url}`], { cwd: folder, env })
  const file = path.join(home, 'sallyport.yaml')
  const [port, ops] = [await freePort(), await freePort()]
  const written = await readFile(file, 'utf8')
  const moved = written.replaceAll('8080', String(port)).replaceAll('8081', String(ops))
  await writeFile(file, moved)
  const policy = path.join(home, 'policies', 'starter.cedar')
  await writeFile(policy, (await readFile(policy, 'utf8')).replaceAll('8080', String(port)))

  const checked = await run(sallyport, ['check'], { cwd: home, env })
  expect(checked.stdout).toContain('no problems')

  const gateway = spawn(sallyport, ['serve'], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: gateway.stdout }).on('line', (line) => line.includes('"ready"') && resolve())
      gateway.once('exit', (code) => reject(new Error(`serve ended with ${code}`)))
    })
    const got = await run(sallyport, ['token', '--upstream', 'notes', '--inspector', 'inspector.json'], {
      cwd: home,
      env,
    })
    const token = (await readFile(path.join(home, '.sallyport', 'notes.token'), 'utf8')).trim()
    expect(got.stdout).not.toContain(token)
    expect((await stat(path.join(home, 'inspector.json'))).mode & 0o777).toBe(0o600)

    const cli = ['--cli', '--config', 'inspector.json', '--server', 'notes', '--method']
    const listed = await run(inspector, [...cli, 'tools/list'], { cwd: home, env })
    expect(JSON.parse(listed.stdout)).toMatchObject({ tools: [{ name: 'echo' }] })
    const called = await run(inspector, [...cli, 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hello'], {
      cwd: home,
      env,
    })
    expect(called.stdout).toContain('done')
    expect(upstream.bytes.toString()).not.toContain(token)

    const explained = await run(sallyport, ['explain', 'notes'], { cwd: home, env })
    expect(explained.stdout).toContain('/mcp/notes')
    const tail = await run(sallyport, ['audit', 'tail', '--json'], { cwd: home, env })
    expect(tail.stdout).toContain('"tool":"echo"')
    expect(tail.stdout).not.toContain(token)

    upstream.tools = [{ ...captureTools[0], description: 'changed' }]
    const relisted = await run(inspector, [...cli, 'tools/list'], { cwd: home, env })
    expect(JSON.parse(relisted.stdout)).toMatchObject({ tools: [] })
    const pending = await run(sallyport, ['pin', 'list'], { cwd: home, env })
    expect(pending.stdout).toContain('echo')
    await run(sallyport, ['pin', 'accept', 'notes', 'echo'], { cwd: home, env })
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const accepted = await run(inspector, [...cli, 'tools/list'], { cwd: home, env })
    expect(JSON.parse(accepted.stdout)).toMatchObject({ tools: [{ name: 'echo', description: 'changed' }] })
  } finally {
    expect(await stopProgram(gateway)).toBe(0)
  }
})

test('npm start prints commands that work as they stand', async () => {
  const port = await freePort()
  const started = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: repository,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  try {
    const printed: string[] = []
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: started.stdout }).on('line', (line) => {
        printed.push(line.trim())
        if (line.includes('Ctrl-C')) resolve()
      })
      started.once('exit', (code) => reject(new Error(`npm start ended with ${code}: ${printed.join('\n')}`)))
    })
    const commands = printed.filter(
      (line) => line.startsWith('node_modules/.bin/mcp-inspector') || line.startsWith('bin/sallyport'),
    )
    expect(commands.length).toBe(5)
    const outputs: string[] = []
    for (const command of commands) outputs.push((await run('sh', ['-c', command], { cwd: repository, env })).stdout)
    expect(JSON.parse(outputs[0] ?? '')).toHaveProperty('tools')
    expect(outputs[1]).toContain('hello')
    expect(outputs.join('\n')).toContain('sample')
    await rm(path.join(repository, 'sample.token'), { force: true })
  } finally {
    // npm does not pass a signal on, so the whole group that was started here is told
    process.kill(-(started.pid ?? 0), 'SIGTERM')
    if (started.exitCode === null) await new Promise((resolve) => started.once('exit', resolve))
  }
})
