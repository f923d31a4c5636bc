/** The program `sallyport`: the real world for the command line. */
import { randomBytes } from 'node:crypto'
import type { Io } from './command.ts'
import { takeNodeSettings } from './node-settings.ts'
import { registry } from './registry.ts'
import { run } from './run.ts'

if (process.argv[2] === 'serve') takeNodeSettings()

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
// Node answers this signal by opening a debugger, through which a stdio upstream, a process of the same user, could read
// every token and credential here (threats 32 and 34).
process.on('SIGUSR1', () => {})
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has gone, as `head` does: nothing is left to say.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  random: (length) => randomBytes(length),
  stop: stopping.signal,
}

process.exitCode = await run(process.argv.slice(2), io, registry)
