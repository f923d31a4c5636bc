import { createLogger } from '../telemetry/index.ts'
import { type Arguments, type Command, CommandFailed, exitCode, textOption, UsageError } from './command.ts'
import { configOption, configOptionHelp, openConfig, openPolicies } from './open.ts'

/** Resolves once the person or the system asks to stop. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const

function levelOf(args: Arguments): (typeof levels)[number] {
  const asked = textOption(args, 'log-level') ?? 'info'
  const level = levels.find((known) => known === asked)
  if (level === undefined) throw new UsageError(`--log-level takes one of ${levels.join(', ')}`)
  return level
}

export const command: Command = {
  summary: 'start the gateway',
  usage: ['serve [--config FILE]'],
  details: `Prints one line of JSON, {"event":"ready","url":…,"ops":…}, on standard output once it can take calls; its log, as JSON
lines, goes to standard error. SIGTERM and SIGINT drain: no new calls, those under way may end, then it exits with 0.`,
  options: { ...configOption, 'log-level': { type: 'string', default: 'info' } },
  optionHelp: { ...configOptionHelp, 'log-level': 'trace, debug, info, warn or error' },
  async run(args, io) {
    const log = createLogger({ level: levelOf(args), stream: io.stderr })
    const config = await openConfig(args, io, (warning) => log.warn({ detail: warning }, 'configuration'))
    const policies = await openPolicies(config)
    const { startGateway } = await import('../server.ts')
    const gateway = await startGateway({ config, policies, log, environment: io.env, clock: io.clock }).catch(
      (error: Error) => {
        throw new CommandFailed(exitCode.unavailable, error.message)
      },
    )
    io.stdout.write(`${JSON.stringify({ event: 'ready', url: gateway.url, ops: gateway.ops })}\n`)
    await stopped(io.stop)
    await gateway.stop()
    return exitCode.ok
  },
}
