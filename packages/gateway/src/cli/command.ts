/**
 * What a command of `sallyport` is. A command touches the world only through its `Io`, so that its transcript can be
 * compared in a test; `main.ts` makes the real one.
 */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Clock, RandomBytes } from '../clock.ts'

/** Documented exit codes, the same for every command. */
export const exitCode = {
  ok: 0,
  /** Problems were found, or what was asked for was refused. */
  problems: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Something needed is not there or cannot be reached: a server, a store, a log. */
  unavailable: 3,
  /** EX_SOFTWARE of sysexits.h. */
  fault: 70,
} as const

interface TextSink {
  write(text: string): unknown
}

export interface Io {
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
  readonly clock: Clock
  readonly random: RandomBytes
  /** Aborted when the person or the system asks to stop (SIGINT, SIGTERM). */
  readonly stop: AbortSignal
}

/** What `node:util` `parseArgs` made of the command line; `--help` never gets here. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
}

export interface Command {
  /** What it does, for the list of commands: starts with a verb, lower case, without a full stop. */
  readonly summary: string
  /** What follows `sallyport`, e.g. `pin accept UPSTREAM TOOL [HASH-PREFIX]`; one line each. */
  readonly usage: readonly string[]
  /** Further paragraphs of `--help`. */
  readonly details?: string
  /** `--help` and `--json` are added to every command's. */
  readonly options: ParseArgsOptionsConfig
  /** The help of each option, by its name. The value of one that takes a value is shown in the help as `FILE`, or as `run.ts` names it. */
  readonly optionHelp: Readonly<Record<string, string>>
  /**
   * Returns an exit code of `exitCode`.
   * @throws {UsageError} the command line is wrong.
   */
  run(args: Arguments, io: Io): Promise<number>
}

/** The command line is wrong: exit code 2. `message` says what is wrong and what to do, and never holds a secret. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** An expected no of a command: printed as `sallyport: message`, ends with `code`. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export function textOption(args: Arguments, name: string): string | undefined {
  const value = args.values[name]
  return typeof value === 'string' ? value : undefined
}

export function textOptions(args: Arguments, name: string): readonly string[] {
  const value = args.values[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function flag(args: Arguments, name: string): boolean {
  return args.values[name] === true
}
