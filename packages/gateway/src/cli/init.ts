import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConfig } from '../config/index.ts'
import { originFault } from '../config/urls.ts'
import {
  type Arguments,
  type Command,
  CommandFailed,
  exitCode,
  flag,
  type Io,
  textOption,
  textOptions,
  UsageError,
} from './command.ts'
import { agentSecretFile, ignored, type StarterUpstream, starterConfig, starterPolicy } from './init-files.ts'
import { exists } from './open.ts'
import { cannotWrite } from './private-file.ts'
import { printJson } from './text.ts'
import { wordsOf } from './words.ts'

const configFile = 'sallyport.yaml'
const policyFile = 'policies/starter.cedar'

export const command: Command = {
  summary: 'write a starter configuration that works at once',
  usage: ['init [FOLDER] [--url URL] [--upstream NAME=URL | --upstream "NAME=COMMAND ARG ..."] ... [--json]'],
  details: `Writes ${configFile}, ${policyFile}, ${agentSecretFile} (0600, random) and .gitignore into FOLDER
(default: here). Overwrites nothing.`,
  options: { url: { type: 'string' }, upstream: { type: 'string', multiple: true } },
  optionHelp: {
    url: 'public origin (default http://127.0.0.1:8080)',
    upstream: 'an MCP server: NAME=URL, or NAME=COMMAND with its arguments; any number of times',
  },
  run: init,
}

interface StarterFile {
  readonly name: string
  readonly content: string
  readonly mode: number
}

async function init(args: Arguments, io: Io): Promise<number> {
  if (args.positionals.length > 1) throw new UsageError('name at most one folder (`sallyport init --help`)')
  const folder = path.resolve(io.cwd, args.positionals[0] ?? '.')
  const url = textOption(args, 'url') ?? 'http://127.0.0.1:8080'
  const fault = originFault(url)
  if (fault !== undefined) throw new UsageError(`\`--url\` ${fault.message}, ${fault.help}`)
  const upstreams = textOptions(args, 'upstream').map(upstreamOf)
  const files: readonly StarterFile[] = [
    { name: agentSecretFile, content: `${io.random(32).toString('base64url')}\n`, mode: 0o600 },
    { name: policyFile, content: starterPolicy(url), mode: 0o644 },
    { name: configFile, content: starterConfig(url, upstreams), mode: 0o644 },
  ]
  await tryOut(files)
  await refuseToOverwrite(folder, files)
  await writeAll(folder, files)
  await ignoreSecrets(folder)
  const written = [...files.map(({ name }) => name).reverse(), '.gitignore']
  if (flag(args, 'json')) printJson(io, { folder, written })
  else io.stdout.write(nextSteps(folder, written, upstreams, io.cwd))
  return exitCode.ok
}

function upstreamOf(text: string): StarterUpstream {
  const split = text.indexOf('=')
  const name = text.slice(0, Math.max(0, split))
  const target = text.slice(split + 1)
  if (split === -1 || target.trim() === '')
    throw new UsageError('`--upstream` is NAME=URL or NAME=COMMAND, such as `files=npx -y mcp-server-filesystem /srv`')
  if (/^https?:/i.test(target)) return { name, url: target }
  const [program, ...args] = wordsOf(target) ?? []
  if (program === undefined)
    throw new UsageError('the command of `--upstream` has a quote that is not closed; close it')
  return { name, command: program, args }
}

/** What the configuration would say of these files, before any of them is written where it was asked for. */
async function tryOut(files: readonly StarterFile[]): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-init-'))
  try {
    await writeAll(folder, files)
    const loaded = await loadConfig({ file: configFile, env: {}, cwd: folder })
    if ('config' in loaded) return
    const faults = loaded.problems.map((problem) => `${problem.path}: ${problem.message}, ${problem.help}`)
    throw new UsageError(`this would not pass \`sallyport check\`: ${faults.join('; ')}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function refuseToOverwrite(folder: string, files: readonly StarterFile[]): Promise<void> {
  for (const { name } of files) {
    const file = path.join(folder, name)
    if (await exists(file))
      throw new CommandFailed(
        exitCode.problems,
        `${file} exists already, and nothing was written; name another folder, or move it away`,
      )
  }
}

async function writeAll(folder: string, files: readonly StarterFile[]): Promise<void> {
  for (const { name, content, mode } of files) {
    const file = path.join(folder, name)
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 })
      await writeFile(file, content, { flag: 'wx', mode })
      if (mode === 0o600) await chmod(file, mode)
    } catch (error) {
      throw cannotWrite(file, error)
    }
  }
}

/** Adds to a `.gitignore` what it lacks. */
async function ignoreSecrets(folder: string): Promise<void> {
  const file = path.join(folder, '.gitignore')
  try {
    const before = (await exists(file)) ? await readFile(file, 'utf8') : ''
    const present = before.split(/\r?\n/)
    const missing = ignored.filter((line) => !present.includes(line))
    if (missing.length === 0) return
    const gap = before === '' || before.endsWith('\n') ? '' : '\n'
    await writeFile(file, `${gap}${missing.join('\n')}\n`, { flag: 'a' })
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

function nextSteps(
  folder: string,
  written: readonly string[],
  upstreams: readonly StarterUpstream[],
  cwd: string,
): string {
  const [first] = upstreams
  const steps = [
    ...(folder === cwd ? [] : [`cd ${/^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`}`]),
    ...(first === undefined ? [`add an upstream to ${configFile}`] : []),
    'sallyport check',
    'sallyport serve',
    `sallyport token --upstream ${first?.name ?? 'NAME'}`,
  ]
  return `wrote to ${folder}:\n${written.map((name) => `  ${name}\n`).join('')}\nnext:\n${steps.map((step) => `  ${step}\n`).join('')}`
}
