/** Compiles input schemas off the main thread, fairly between upstreams and within a time limit. */
import { Worker } from 'node:worker_threads'
import type { CompileAnswer, CompileJob } from './compile-worker.ts'
import type { InspectedSchema } from './input-schema.ts'
import { evaluateValidator, type Validator } from './validator.ts'

export type Compiled =
  | { readonly validator: Validator }
  /** `passing` where the same schema may well compile later: the fault was not its own. */
  | { readonly problem: string; readonly passing: boolean }

export interface SchemaCompiler {
  /** @param owner the upstream; owners take turns, so that one with slow schemas delays the others by one at most. */
  compile(inspected: InspectedSchema, owner: string): Promise<Compiled>
  /** Ends the thread; whatever waits gets a passing problem. */
  stop(): Promise<void>
}

export interface SchemaCompilerOptions {
  /** For one schema. */
  readonly timeLimitMs?: number
  /** For the thread to come up. */
  readonly startLimitMs?: number
  /** An unused thread ends after so long; until then it does not keep the process alive. */
  readonly idleMs?: number
  /** How long nothing is compiled for an upstream three of whose schemas took too long or broke the thread. */
  readonly pauseMs?: number
}

const maxWaiting = 5000
const maxFaults = 3

interface Waiting {
  readonly inspected: InspectedSchema
  readonly owner: string
  readonly resolve: (compiled: Compiled) => void
}

interface Running extends Waiting {
  readonly id: number
  readonly timer: NodeJS.Timeout
}

export function createSchemaCompiler(options: SchemaCompilerOptions = {}): SchemaCompiler {
  const { timeLimitMs = 3000, startLimitMs = 15_000, idleMs = 10_000, pauseMs = 60_000 } = options
  /** In the order of their turns. */
  const queues = new Map<string, Waiting[]>()
  const faults = new Map<string, number>()
  let waiting = 0
  let worker: Worker | undefined
  let ready = false
  let running: Running | undefined
  let idle: NodeJS.Timeout | undefined
  let starting: NodeJS.Timeout | undefined
  let lastId = 0

  function next(): void {
    if (running !== undefined) return
    const [turn] = queues
    if (turn === undefined) {
      worker?.unref()
      if (worker !== undefined) idle ??= setTimeout(() => void end(), idleMs).unref()
      return
    }
    clearTimeout(idle)
    idle = undefined
    if (worker === undefined) start()
    worker?.ref()
    if (!ready) return
    const [owner, queue] = turn
    const job = queue.shift()
    queues.delete(owner)
    if (queue.length > 0) queues.set(owner, queue)
    if (job === undefined) throw new Error('a queue without a job has no turn')
    waiting -= 1
    lastId += 1
    running = { ...job, id: lastId, timer: setTimeout(() => timedOut(job), timeLimitMs).unref() }
    const { dialect, schema } = job.inspected
    worker?.postMessage({ id: lastId, dialect, schema } satisfies CompileJob)
  }

  function start(): void {
    // an empty environment: the thread has no use for the secrets in ours
    const started = new Worker(new URL('./compile-worker.ts', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 4 },
    })
    worker = started
    ready = false
    starting = setTimeout(() => failed(started, 'the schema compiler did not start'), startLimitMs).unref()
    started.on('message', (answer: CompileAnswer) => {
      if (worker === started) answered(answer)
    })
    started.on('error', () => failed(started, 'the schema compiler failed'))
    started.on('exit', () => failed(started, 'the schema compiler ended'))
  }

  function answered(answer: CompileAnswer): void {
    if (answer === 'ready') {
      clearTimeout(starting)
      ready = true
      next()
      return
    }
    if (running?.id !== answer.id) return
    settle('problem' in answer ? { problem: clip(answer.problem), passing: false } : evaluate(answer.code))
  }

  function settle(compiled: Compiled): void {
    const job = running
    running = undefined
    clearTimeout(job?.timer)
    job?.resolve(compiled)
    next()
  }

  function timedOut({ owner }: Waiting): void {
    blame(owner)
    void end()
    settle({ problem: `the schema takes longer than ${timeLimitMs} ms to compile`, passing: false })
  }

  /** The thread ended by itself: the schema under way may have done it (by its memory), those that wait did not. */
  function failed(which: Worker, problem: string): void {
    if (worker !== which) return
    const started = ready
    void end()
    if (running !== undefined) blame(running.owner)
    if (!started) for (const owner of [...queues.keys()]) drop(owner, problem)
    settle({ problem, passing: false })
  }

  function blame(owner: string): void {
    const count = (faults.get(owner) ?? 0) + 1
    faults.set(owner, count)
    if (count === 1) setTimeout(() => faults.delete(owner), pauseMs).unref()
    if (count >= maxFaults) drop(owner)
  }

  function drop(
    owner: string,
    problem = 'other schemas of this upstream take too long to compile; try again later',
  ): void {
    const dropped = queues.get(owner) ?? []
    queues.delete(owner)
    waiting -= dropped.length
    for (const { resolve } of dropped) resolve({ problem, passing: true })
  }

  /** Never rejects: a thread that has ended already has ended. */
  function end(): Promise<unknown> {
    const ended = worker
    worker = undefined
    ready = false
    clearTimeout(idle)
    clearTimeout(starting)
    idle = undefined
    return ended?.terminate() ?? Promise.resolve()
  }

  return {
    compile(inspected, owner) {
      if ((faults.get(owner) ?? 0) >= maxFaults || waiting >= maxWaiting) {
        return Promise.resolve({ problem: 'too many schemas wait to be compiled; try again later', passing: true })
      }
      return new Promise((resolve) => {
        const queue = queues.get(owner) ?? []
        queue.push({ inspected, owner, resolve })
        queues.set(owner, queue)
        waiting += 1
        next()
      })
    },
    async stop() {
      for (const owner of [...queues.keys()]) drop(owner, 'the gateway is shutting down')
      const ended = end()
      if (running !== undefined) settle({ problem: 'the gateway is shutting down', passing: true })
      await ended
    },
  }
}

function evaluate(code: string): Compiled {
  try {
    return { validator: evaluateValidator(code) }
  } catch {
    return { problem: 'the schema cannot be compiled', passing: false }
  }
}

function clip(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 300)
}
