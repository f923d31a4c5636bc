import { type Arguments, UsageError } from './command.ts'

/** @throws {UsageError} there are any. */
export function rejectPositionals(args: Arguments, command: string): void {
  if (args.positionals.length > 0)
    throw new UsageError(`\`${command}\` takes options alone (\`sallyport ${command} --help\`)`)
}
