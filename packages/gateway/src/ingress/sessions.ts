/** Sessions of the earlier era, in memory: a restart ends them, and clients then initialize again. */
import type { Clock, RandomBytes } from '../clock.ts'
import type { Session } from '../mcp/session.ts'

export type SessionOwner = Pick<Session, 'principalKey' | 'audience' | 'upstream'>

export interface SessionLimits {
  readonly total: number
  readonly perPrincipal: number
  readonly idleMs: number
}

export const defaultSessionLimits: SessionLimits = { total: 10_000, perPrincipal: 64, idleMs: 30 * 60_000 }

/** At most so many idle ones are looked at whenever one is opened. */
const sweepAtOnce = 16

export class Sessions {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #random: RandomBytes
  readonly #limits: SessionLimits
  /** Both in order of use, the one that was idle longest first. */
  readonly #all = new Map<string, Session>()
  readonly #byPrincipal = new Map<string, Map<string, Session>>()

  constructor(clock: Pick<Clock, 'monotonic'>, random: RandomBytes, limits: SessionLimits = defaultSessionLimits) {
    this.#clock = clock
    this.#random = random
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  /** 128 bits of randomness, as visible ASCII (MCP 2025-11-25, Transports, Session Management). */
  newId(): string {
    return this.#random(16).toString('base64url')
  }

  /** Opens a session under an id from `newId`. Where there is no room, the one that was idle longest ends. */
  open(id: string, owner: SessionOwner, protocolVersion: string, upstreamSession: string | undefined): Session {
    this.#sweep()
    const own = this.#byPrincipal.get(owner.principalKey)
    if (own !== undefined && own.size >= this.#limits.perPrincipal) this.#endFirst(own)
    if (this.#all.size >= this.#limits.total) this.#endFirst(this.#all)
    const { principalKey, audience, upstream } = owner
    const usedAt = this.#clock.monotonic()
    const session: Session = {
      id,
      principalKey,
      audience,
      upstream,
      protocolVersion,
      upstreamSession,
      asked: new Map(),
      sent: new Map(),
      usedAt,
    }
    this.#put(session)
    return session
  }

  /** Undefined where there is no such session, and where it is another principal's or upstream's: nobody learns which. */
  find(id: string, owner: SessionOwner): Session | undefined {
    const session = this.#all.get(id)
    if (session === undefined) return undefined
    if (session.principalKey !== owner.principalKey || session.audience !== owner.audience) return undefined
    if (session.upstream !== owner.upstream) return undefined
    this.#remove(session)
    if (this.#isIdle(session)) return undefined
    session.usedAt = this.#clock.monotonic()
    this.#put(session)
    return session
  }

  end(session: Session): void {
    this.#remove(session)
  }

  #isIdle(session: Session): boolean {
    return this.#clock.monotonic() - session.usedAt >= this.#limits.idleMs
  }

  #put(session: Session): void {
    this.#all.set(session.id, session)
    const own = this.#byPrincipal.get(session.principalKey)
    if (own === undefined) this.#byPrincipal.set(session.principalKey, new Map([[session.id, session]]))
    else own.set(session.id, session)
  }

  #remove(session: Session): void {
    if (this.#all.get(session.id) !== session) return
    this.#all.delete(session.id)
    const own = this.#byPrincipal.get(session.principalKey)
    own?.delete(session.id)
    if (own?.size === 0) this.#byPrincipal.delete(session.principalKey)
  }

  #endFirst(sessions: ReadonlyMap<string, Session>): void {
    const [first] = sessions.values()
    if (first !== undefined) this.#remove(first)
  }

  #sweep(): void {
    let looked = 0
    for (const session of this.#all.values()) {
      if (looked++ >= sweepAtOnce || !this.#isIdle(session)) return
      this.#remove(session)
    }
  }
}
