/** One child process: started without a shell, spoken to in lines, and ended with everything it started. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { SecretDetector } from '../credentials/port.ts'
import type { EgressLog } from './results.ts'
import { ErrorOutput } from './stdio-errors.ts'
import { Lines } from './stdio-lines.ts'

export interface ProcessOptions {
  readonly upstream: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string | undefined
  readonly environment: Readonly<Record<string, string>>
  /** Of one line, in either direction. */
  readonly lineBytes: number
  /** What must not reach the log. */
  readonly detector: SecretDetector | undefined
  readonly log: EgressLog
}

export interface ProcessEvents {
  line(line: Buffer): void
  /** Once, when nothing more will come. `why` is for the log. */
  ended(why: string): void
}

/** Unwritten input of a child that does not read. */
const maxUnwrittenBytes = 16 * 1024 * 1024
/** Between closing the input, SIGTERM and SIGKILL. */
const graceMs = 2_000
/** So much at once on standard error is followed by a pause, so that a flood costs us little and the child waits. */
const errorBurstBytes = 8_192
const errorPauseMs = 20
/** What an ended child's descendants may hold its output open for. */
const outputGraceMs = 500

export class StdioProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #events: ProcessEvents
  readonly #exited: Promise<void>
  #why: string | undefined
  #running = true
  #ended = false

  constructor(options: ProcessOptions, events: ProcessEvents) {
    this.#events = events
    const errors = new ErrorOutput(options.upstream, options.detector, options.log)
    const lines = new Lines(options.lineBytes)
    // Detached: a group of its own, so that its descendants end with it. No descriptor but the three pipes.
    this.#child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: options.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
      windowsHide: true,
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.#why ??= `could not be started: ${error.code ?? error.name}`
        this.#leave(resolve)
      })
      this.#child.once('exit', (code, signal) => {
        this.#why ??= signal === null ? `exited with ${code}` : `ended by ${signal}`
        this.#leave(resolve)
      })
    })
    this.#child.once('close', () => this.#end())
    this.#child.stdin.on('error', () => this.kill('closed its standard input'))
    this.#child.stdout.on('error', () => this.kill('broke its standard output'))
    this.#child.stderr.on('error', () => undefined)
    this.#child.stderr.on('data', (chunk: Buffer) => {
      errors.push(chunk)
      if (chunk.length < errorBurstBytes) return
      this.#child.stderr.pause()
      setTimeout(() => this.#child.stderr.resume(), errorPauseMs).unref()
    })
    this.#child.stdout.on('data', (chunk: Buffer) => {
      if (!this.#ended && !lines.push(chunk, (line) => this.#events.line(line))) {
        this.kill(`wrote a line of more than ${options.lineBytes} bytes`)
      }
    })
  }

  /** False where the child is gone or does not read: nothing was written. */
  write(line: Buffer): boolean {
    const { stdin } = this.#child
    if (!this.#running || !stdin.writable || stdin.writableLength + line.length > maxUnwrittenBytes) return false
    stdin.write(line)
    return true
  }

  /** Ends the child and its descendants at once. */
  kill(why: string): void {
    this.#why ??= why
    if (this.#running) this.#signal('SIGKILL')
  }

  /** Ends the child: closes its input, then SIGTERM, then SIGKILL (MCP 2026-07-28, stdio, Shutdown). */
  async stop(): Promise<void> {
    this.#why ??= 'was stopped'
    if (!this.#running) return
    this.#child.stdin.end()
    const terminate = setTimeout(() => this.#signal('SIGTERM'), graceMs)
    const kill = setTimeout(() => this.#signal('SIGKILL'), 2 * graceMs)
    await this.#exited
    clearTimeout(terminate)
    clearTimeout(kill)
  }

  #leave(resolve: () => void): void {
    // Descendants may have outlived their parent; the group's id is not given anew while one of them lives.
    this.#signal('SIGKILL')
    this.#running = false
    resolve()
    setTimeout(() => {
      this.#child.stdout.destroy()
      this.#child.stderr.destroy()
      this.#end()
    }, outputGraceMs).unref()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.ended(this.#why ?? 'ended')
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // The whole group has ended already.
    }
  }
}
