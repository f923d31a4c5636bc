/** From a command line to a command, its help and its exit code. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { closest, didYouMean } from '../config/closest.ts'
import { visible } from '../config/visible.ts'
import { type Arguments, type Command, CommandFailed, exitCode, type Io, UsageError } from './command.ts'

export type Registry = Readonly<Record<string, () => Promise<{ readonly command: Command }>>>

const common: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } }
const commonHelp: Readonly<Record<string, string>> = {
  help: 'print this and do nothing',
  json: 'print one line of JSON on standard output',
}

const exitCodesHelp = `Exit codes:
  0  done
  1  problems were found, or what was asked for was refused
  2  the command line is wrong
  3  something needed is missing or cannot be reached
  70 a fault of Sallyport itself
`

/**
 * Runs what the arguments ask for.
 * @param argv what follows the program's name.
 * @returns the exit code; errors are printed on standard error and never thrown.
 */
export async function run(argv: readonly string[], io: Io, registry: Registry): Promise<number> {
  try {
    return await dispatch(argv, io, registry)
  } catch (error) {
    if (error instanceof UsageError) return complain(io, exitCode.usage, error.message)
    if (error instanceof CommandFailed) return complain(io, error.code, error.message)
    const what = error instanceof Error ? visible(error.message) : 'unknown'
    return complain(io, exitCode.fault, `internal error: ${what}; this is a fault of Sallyport, please report it`)
  }
}

function complain(io: Io, code: number, message: string): number {
  io.stderr.write(`sallyport: ${message}\n`)
  return code
}

async function dispatch(argv: readonly string[], io: Io, registry: Registry): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    const text = await overview(registry)
    if (name !== undefined) {
      io.stdout.write(text)
      return exitCode.ok
    }
    io.stderr.write(text)
    return exitCode.usage
  }
  if (name === 'help') return await dispatch([...rest, '--help'], io, registry)
  const load = Object.hasOwn(registry, name) ? registry[name] : undefined
  if (load === undefined) {
    const known = Object.keys(registry)
    const what = name.startsWith('-') ? 'name the command first' : 'unknown command'
    throw new UsageError(`${what}, ${didYouMean(name, known, `use one of ${known.join(', ')}`)} (\`sallyport --help\`)`)
  }
  const { command } = await load()
  if (asksForHelp(rest)) {
    io.stdout.write(helpOf(command))
    return exitCode.ok
  }
  return await command.run(parse(name, command, rest), io)
}

/** Before anything is parsed, so that help is given beside any mistake. */
function asksForHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf('--')
  return rest.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h')
}

function parse(name: string, command: Command, rest: readonly string[]): Arguments {
  const options = { ...command.options, ...common }
  try {
    const { values, positionals } = parseArgs({ args: [...rest], options, allowPositionals: true, strict: true })
    return { values, positionals }
  } catch (error) {
    throw new UsageError(`${parseFault(error, rest, Object.keys(options))} (\`sallyport ${name} --help\`)`)
  }
}

/** In our words: those of `parseArgs` may quote values. */
function parseFault(error: unknown, rest: readonly string[], known: readonly string[]): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const given = rest.map((word) => /^--?([A-Za-z][\w-]*)/.exec(word)?.[1]).filter((word) => word !== undefined)
    const unknown = given.find((word) => !known.includes(word))
    const near = closest(unknown ?? '', known)
    const help =
      near === undefined ? `use ${known.map((option) => `--${option}`).join(', ')}` : `did you mean \`--${near}\`?`
    return `unknown option${unknown === undefined ? '' : ` \`--${unknown}\``}, ${help}`
  }
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    return 'an option lacks its value, or has one that it does not take; write `--option VALUE`'
  }
  throw error
}

async function overview(registry: Registry): Promise<string> {
  const lines = await Promise.all(
    Object.entries(registry).map(async ([name, load]) => `  ${name.padEnd(9)}${(await load()).command.summary}\n`),
  )
  return `Usage: sallyport COMMAND [OPTION ...]\n\nCommands:\n${lines.join('')}\n\`sallyport COMMAND --help\` tells more.\n`
}

function helpOf(command: Command): string {
  const usage = command.usage.map((line, index) => `${index === 0 ? 'Usage:' : '      '} sallyport ${line}\n`).join('')
  const details = command.details === undefined ? '' : `\n${command.details}\n`
  const options = Object.entries({ ...command.options, ...common }).map(([name, option]) => {
    const shown = option.type === 'string' ? `--${name} ${placeholder(name)}` : `--${name}`
    return `  ${shown.padEnd(20)} ${command.optionHelp[name] ?? commonHelp[name] ?? ''}\n`
  })
  return `${usage}\n${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.\n${details}\nOptions:\n${options.join('')}\n${exitCodesHelp}`
}

const placeholders: Readonly<Record<string, string>> = {
  url: 'URL',
  upstream: 'NAME',
  client: 'ID',
  lines: 'N',
  scope: 'SCOPES',
  'log-level': 'LEVEL',
}

function placeholder(option: string): string {
  return placeholders[option] ?? 'FILE'
}
