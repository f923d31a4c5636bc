import type { OpenAuditReader, StoredEntry } from '../audit/index.ts'
import { auditFileOf } from '../config/types.ts'
import { visibleJson } from '../config/visible.ts'
import { auditLine } from './audit-line.ts'
import {
  type Arguments,
  type Command,
  CommandFailed,
  exitCode,
  flag,
  type Io,
  textOption,
  UsageError,
} from './command.ts'
import { configOption, configOptionHelp, exists, openConfig } from './open.ts'

const defaultLines = 20
const maxLines = 10_000
const pollMs = 500

export const command: Command = {
  summary: 'show the log',
  usage: ['audit tail [--lines N] [--follow] [--config FILE] [--json]'],
  details: `Prints the newest entries, oldest first, one a line. With --json each line is an entry as it was recorded.
Characters that could forge a line or hide in it are shown as escapes.`,
  options: { ...configOption, lines: { type: 'string' }, follow: { type: 'boolean' } },
  optionHelp: {
    ...configOptionHelp,
    lines: `how many entries (default ${defaultLines})`,
    follow: 'go on with what is written from now on',
  },
  run: audit,
}

async function audit(args: Arguments, io: Io): Promise<number> {
  if (args.positionals.length !== 1 || args.positionals[0] !== 'tail')
    throw new UsageError('use `audit tail` (`sallyport audit --help`)')
  const lines = lineCount(textOption(args, 'lines'))
  const config = await openConfig(args, io)
  const file = auditFileOf(config)
  if (!(await exists(file))) {
    throw new CommandFailed(exitCode.unavailable, `there is no log at ${file} yet; start \`sallyport serve\` first`)
  }
  const reader = await openReader(file)
  try {
    await tail(reader, lines, args, io)
  } finally {
    reader.close()
  }
  return exitCode.ok
}

async function openReader(file: string): Promise<OpenAuditReader> {
  const { openAuditReader } = await import('../audit/index.ts')
  try {
    return openAuditReader(file)
  } catch {
    throw new CommandFailed(
      exitCode.unavailable,
      `the log ${file} cannot be opened; see that it is a log and that you may read it`,
    )
  }
}

async function tail(reader: OpenAuditReader, lines: number, args: Arguments, io: Io): Promise<void> {
  const print = ({ canonical, entry }: StoredEntry): void => {
    io.stdout.write(`${flag(args, 'json') ? visibleJson(canonical) : auditLine(entry)}\n`)
  }
  const newest = reader.last(lines)
  newest.forEach(print)
  if (!flag(args, 'follow')) return
  for await (const stored of reader.follow(newest.at(-1)?.position ?? 0, pollMs, io.stop)) print(stored)
}

function lineCount(text: string | undefined): number {
  if (text === undefined) return defaultLines
  const lines = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (lines < 1 || lines > maxLines) throw new UsageError(`\`--lines\` is a number from 1 to ${maxLines}`)
  return lines
}
