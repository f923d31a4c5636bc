import { createLogger } from '../telemetry/index.ts'
import { type Command, exitCode, textOption } from './command.ts'
import { openPolicies, openConfig } from './open.ts'

/** Resolves once the person or the system asks to stop. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
}

export const command: Command = {
  summary: 'start the gateway',
  usage: ['serve [--config FILE]'],
  details: `Prints one line of JSON, {"event":"ready","url":…,"ops":…}, on standard output once it can take calls; its log, as JSON
lines, goes to standard error. SIGTERM and SIGINT drain: no new calls, those under way may end, then it exits with 0.`,
  options: { config: { type: 'string' }, 'log-level': { type: 'string', default: 'info' } },
  optionHelp: { config: 'the configuration (SALLYPORT_CONFIG, else ./sallyport.yaml)', 'log-level': 'trace, debug, info, warn or error' },
  async run(args, io) {
    const config = await openConfig(args, io)
    const policies = await openPolicies(config)
    const log = createLogger({ level: textOption(args, 'log-level') ?? 'info', stream: io.stderr })
    const { startGateway } = await import('../server.ts')
    const gateway = await startGateway({ config, policies, log, environment: io.env, clock: io.clock })
    io.stdout.write(`${JSON.stringify({ event: 'ready', url: gateway.url, ops: gateway.ops })}\n`)
    await stopped(io.stop)
    await gateway.stop()
    return exitCode.ok
  },
}
