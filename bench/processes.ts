import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

const startSeconds = 30

/** A Node process of this folder that speaks in lines of JSON. */
export class LineProcess<Said> {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #name: string
  readonly #errors: string[] = []

  constructor(file: string, args: readonly string[]) {
    this.#name = file
    this.child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...args], { stdio: 'pipe' })
    if (this.child.stdout === null) throw new Error(`${file} has no output`)
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
    this.child.stderr?.on('data', (chunk: Buffer) => this.#errors.push(chunk.toString('utf8')))
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.#name} did not start`)
    return this.child.pid
  }

  /** @throws {Error} it ended, took too long, or said `{error}`. */
  async said(seconds = startSeconds): Promise<Said> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1_000)
    const line = await this.#lines.next()
    clearTimeout(timer)
    if (line.done === true) throw new Error(`${this.#name} ended: ${this.#errors.join('').slice(0, 2_000)}`)
    const said = JSON.parse(line.value) as Said & { readonly error?: string }
    if (said.error !== undefined) throw new Error(`${this.#name}: ${said.error}`)
    return said
  }

  tell(task: unknown): void {
    this.child.stdin?.write(`${JSON.stringify(task)}\n`)
  }
}

const microsPerTick = 1_000_000 / 100

/** CPU time that these processes have used so far, all threads, user and system, in microseconds (proc(5), `stat`). */
export function cpuMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * microsPerTick
  }, 0)
}

/** The processes that this one started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return list === '' ? [] : list.split(' ').map(Number)
}
