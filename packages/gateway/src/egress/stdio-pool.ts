import type { StdioUpstreamConfig } from '../config/types.ts'
import type { Credential } from '../credentials/port.ts'
import type { Era } from '../mcp/call.ts'
import type { EraMemory } from './eras.ts'
import type { EgressResult } from './port.ts'
import { refused } from './results.ts'
import { StdioChild } from './stdio-child.ts'
import { childEnvironment, type Environment } from './stdio-environment.ts'
import { HandshakeFailed, shakeHands } from './stdio-handshake.ts'
import { Backoff, type Children, maxChildrenEach } from './stdio-slots.ts'
import type { UpstreamPorts } from './upstream.ts'

export interface StdioPorts extends UpstreamPorts {
  readonly environment: Environment
  readonly children: Children
}

interface Slot {
  key: string
  readonly owner: string
  readonly child: StdioChild
  readonly ready: Promise<StdioChild | EgressResult>
  readonly startedMs: number
  usedMs: number
  idleTimer: NodeJS.Timeout | undefined
  /** Ended by us: no crash. */
  stopping: boolean
}

/** The children of one upstream: started when asked for, stopped when idle, waited for after a crash. */
export class ChildPool {
  readonly #config: StdioUpstreamConfig
  readonly #ports: StdioPorts
  readonly #eras: EraMemory
  readonly #backoff: Backoff
  readonly #slots = new Map<string, Slot>()
  /** Every child that has not ended, also one that is being replaced. */
  readonly #alive = new Set<Slot>()
  #stopping = false

  constructor(config: StdioUpstreamConfig, ports: StdioPorts, eras: EraMemory) {
    this.#config = config
    this.#ports = ports
    this.#eras = eras
    this.#backoff = new Backoff(ports.clock)
  }

  get size(): number {
    return this.#alive.size
  }

  /** The owner's child, ready, in the wanted era or in the one that it turned out to speak; or why there is none. */
  async child(era: Era, owner: string, credential: Credential): Promise<StdioChild | EgressResult> {
    if (this.#stopping) return refused('shutting_down', 'the gateway is stopping', false)
    const key = keyOf(era, owner)
    let slot = this.#slots.get(key)
    if (slot !== undefined && slot.child.environment !== credential.environment) {
      // The credential was rotated: what runs with the former one finishes, and no more.
      this.#retire(slot)
      slot = undefined
    }
    if (slot === undefined) {
      const started = this.#start(era, owner, credential)
      if ('kind' in started) return started
      slot = started
    }
    clearTimeout(slot.idleTimer)
    slot.usedMs = this.#ports.clock.monotonic()
    const ready = await slot.ready
    if (!('kind' in ready)) this.used(ready)
    return ready
  }

  /** The owner's child where it runs already. */
  running(era: Era, owner: string): StdioChild | undefined {
    return this.#slots.get(keyOf(era, owner))?.child
  }

  /** A call is done: from now on the child may be idle. */
  used(child: StdioChild): void {
    for (const slot of this.#alive) {
      if (slot.child !== child) continue
      slot.usedMs = this.#ports.clock.monotonic()
      clearTimeout(slot.idleTimer)
      if (!child.idle) return
      if (this.#slots.get(slot.key) !== slot) void this.#stop(slot)
      else slot.idleTimer = setTimeout(() => this.#idle(slot), this.#config.idleStopMs).unref()
      return
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all([...this.#alive].map((slot) => this.#stop(slot)))
  }

  #start(era: Era, owner: string, credential: Credential): Slot | EgressResult {
    const key = keyOf(era, owner)
    const waitMs = Math.max(this.#backoff.wait(key), this.#backoff.wait(anyOwner))
    if (waitMs > 0) {
      const retryAfterSeconds = Math.ceil(waitMs / 1_000)
      return refused(
        'upstream_unavailable',
        `the child ended of its own; started again in ${waitMs} ms`,
        false,
        undefined,
        { retryAfterSeconds },
      )
    }
    if (this.#alive.size >= maxChildrenEach || this.#ports.children.full) {
      const idle = this.#longestIdle()
      if (idle !== undefined) void this.#stop(idle)
      return refused('too_many', 'as many children run as may', false, undefined, { retryAfterSeconds: 5 })
    }
    try {
      return this.#spawn(key, era, owner, credential)
    } catch (error) {
      this.#backoff.failed(anyOwner)
      return refused(
        'upstream_unavailable',
        `the child could not be started: ${error instanceof Error ? error.name : 'unknown'}`,
        false,
      )
    }
  }

  #spawn(key: string, era: Era, owner: string, credential: Credential): Slot {
    const { name, command, args, cwd, env, limits, isolation } = this.#config
    const options = {
      upstream: name,
      command,
      args,
      cwd,
      environment: childEnvironment(this.#ports.environment, env, credential.environment),
      lineBytes: limits.messageBytes,
      detector: credential.detector,
      log: this.#ports.hooks.log,
      exclusive: isolation === 'principal',
      clock: this.#ports.clock,
    }
    const child = new StdioChild(options, credential.environment, () => this.#ended(slot))
    const now = this.#ports.clock.monotonic()
    const ready = this.#open(child, era, key)
    const slot: Slot = { key, owner, child, ready, startedMs: now, usedMs: now, idleTimer: undefined, stopping: false }
    this.#slots.set(key, slot)
    this.#alive.add(slot)
    this.#ports.children.add(child)
    return slot
  }

  async #open(child: StdioChild, era: Era, key: string): Promise<StdioChild | EgressResult> {
    try {
      const { turnedDown } = await shakeHands(child, era, this.#ports.ids)
      this.#backoff.forget(anyOwner)
      if (turnedDown) {
        this.#eras.learnOnly(child.era)
        this.#move(key, child)
      }
      return child
    } catch (error) {
      const why = error instanceof HandshakeFailed ? error.message : 'a fault of ours'
      this.#backoff.failed(anyOwner)
      const slot = this.#slots.get(key)
      if (slot?.child === child) this.#slots.delete(key)
      if (slot !== undefined) slot.stopping = true
      child.kill('could not be made ready')
      return refused('upstream_unavailable', `the child could not be made ready: ${why}`, false)
    }
  }

  /** A child that speaks the other era serves its owner's calls of that one. */
  #move(key: string, child: StdioChild): void {
    const slot = this.#slots.get(key)
    if (slot?.child !== child) return
    this.#slots.delete(key)
    slot.key = keyOf(child.era, slot.owner)
    if (!this.#slots.has(slot.key)) this.#slots.set(slot.key, slot)
  }

  #ended(slot: Slot): void {
    clearTimeout(slot.idleTimer)
    this.#alive.delete(slot)
    this.#ports.children.delete(slot.child)
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    if (slot.stopping) return
    this.#ports.hooks.log.warn({ upstream: this.#config.name, why: slot.child.endedBy }, 'a child ended of its own')
    if (this.#ports.clock.monotonic() - slot.startedMs > this.#backoff.longestMs) this.#backoff.forget(slot.key)
    this.#backoff.failed(slot.key)
  }

  #idle(slot: Slot): void {
    if (slot.child.idle) void this.#stop(slot)
  }

  #retire(slot: Slot): void {
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    this.used(slot.child)
  }

  async #stop(slot: Slot): Promise<void> {
    slot.stopping = true
    clearTimeout(slot.idleTimer)
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    await slot.child.stop()
  }

  #longestIdle(): Slot | undefined {
    let found: Slot | undefined
    for (const slot of this.#alive) {
      if (slot.child.idle && !slot.stopping && (found === undefined || slot.usedMs < found.usedMs)) found = slot
    }
    return found
  }
}

/** A child that cannot be made ready is the command's fault, whoever asked. */
const anyOwner = ''

function keyOf(era: Era, owner: string): string {
  return `${era}\n${owner}`
}
