/** Other programs of a story: started, known to be ready, and always ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ProgramOptions {
  readonly args: readonly string[]
  /** All of the child's environment but PATH. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** A line that says that it is ready, and where it comes from. */
  readonly readyOn: 'stdout' | 'stderr'
  readonly isReady: (line: string) => boolean
  /** Each line of the standard error; the last ones are also in the error that tells of a failed start. */
  readonly onError?: (line: string) => void
}

export interface Program {
  readonly child: ChildProcess
  /** The line that said it. */
  readonly ready: string
  /** Resolves once it has ended; SIGTERM first, SIGKILL after ten seconds. */
  stop(): Promise<void>
}

const graceMs = 10_000
const keptLines = 20

/** Runs a script on this Node. @throws where it ends before it is ready. */
export function startProgram({ args, env, cwd, readyOn, isReady, onError }: ProgramOptions): Promise<Program> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const line = (stream: 'stdout' | 'stderr') => (text: string) => {
      if (stream === 'stderr') {
        onError?.(text)
        if (said.push(text) > keptLines) said.shift()
      }
      if (stream === readyOn && isReady(text)) resolve({ child, ready: text, stop: () => stopProgram(child) })
    }
    createInterface({ input: child.stdout }).on('line', line('stdout'))
    createInterface({ input: child.stderr }).on('line', line('stderr'))
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`${args[0]} ended with ${code} before it was ready\n${said.join('\n')}`)),
    )
  })
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(timer)
}
