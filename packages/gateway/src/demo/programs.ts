/** Other programs, such as the servers of a story: started, known to be ready, and always ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ProgramOptions {
  readonly args: readonly string[]
  /** All of the child's environment but PATH. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** A line that says that it is ready, and where it comes from. */
  readonly readyOn: Stream
  readonly isReady: (line: string) => boolean
  /** Each line that it prints. The last ones of the standard error are also in the error that tells of a failed start. */
  readonly onLine?: (line: string, stream: Stream) => void
}

type Stream = 'stdout' | 'stderr'

export interface Program {
  readonly child: ChildProcess
  /** The line that said it. Rejects where it ends before. */
  readonly ready: Promise<string>
  /** Its exit code once it has ended, for whatever reason; null where a signal ended it, or it could not be started. */
  readonly ended: Promise<number | null>
  /** See `stopProgram`. */
  stop(signal?: StopSignal): Promise<number | null>
}

type StopSignal = 'SIGTERM' | 'SIGKILL'

/** The gateway drains for ten seconds. */
const graceMs = 15_000
const keptLines = 20

/** Runs a script on this Node. It may be stopped before it is ready. */
export function startProgram({ args, env, cwd, readyOn, isReady, onLine }: ProgramOptions): Program {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors: string[] = []
  const ready = new Promise<string>((resolve, reject) => {
    const read = (stream: Stream) =>
      createInterface({ input: child[stream] }).on('line', (line) => {
        onLine?.(line, stream)
        if (stream === 'stderr' && errors.push(line) > keptLines) errors.shift()
        if (stream === readyOn && isReady(line)) resolve(line)
      })
    read('stdout')
    read('stderr')
    child.once('error', reject)
    // once its streams are closed, so that what it said last is told
    child.once('close', (code) =>
      reject(new Error(`${args[0]} ended with ${code} before it was ready\n${errors.join('\n')}`)),
    )
  })
  // whoever stops a program need not have waited for it
  ready.catch(() => {})
  return { child, ready, ended: endOf(child), stop: (signal) => stopProgram(child, signal) }
}

/**
 * Resolves with the exit code once it has ended, null where there is none; SIGKILL comes fifteen seconds after the
 * first signal. Children of its own are not told.
 */
export async function stopProgram(child: ChildProcess, signal: StopSignal = 'SIGTERM'): Promise<number | null> {
  if (child.pid === undefined) return null
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = endOf(child)
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  const code = await ended
  clearTimeout(timer)
  return code
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', resolve)
    child.once('error', () => child.pid === undefined && resolve(null))
  })
}
