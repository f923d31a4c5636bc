import type { Clock } from '../clock.ts'
import type { Era } from '../mcp/call.ts'
import { earlierVersions, modernVersions } from '../mcp/versions.ts'
import { type Refusal, refuse } from '../refusal.ts'

/** An upstream may be replaced by one of the other era: what it showed is believed for so long. */
const believedMs = 5 * 60_000

/**
 * Which era an upstream was seen to speak, where it speaks only one (MCP 2026-07-28, Versioning: the era is a property
 * of the server). Spares a send, or a child, that could only fail.
 */
export class EraMemory {
  readonly #clock: Clock
  #only: Era | undefined
  #untilMs = 0
  /** A good modern answer came: from then on a stray 404 is a fault of the upstream, and no evidence. */
  #modernUntilMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get only(): Era | undefined {
    if (this.#only !== undefined && this.#clock.monotonic() >= this.#untilMs) this.#only = undefined
    return this.#only
  }

  /** This upstream showed that it speaks nothing else. */
  learnOnly(era: Era): void {
    this.#only = era
    this.#untilMs = this.#clock.monotonic() + believedMs
  }

  get seenModern(): boolean {
    return this.#clock.monotonic() < this.#modernUntilMs
  }

  learnModern(): void {
    this.#modernUntilMs = this.#clock.monotonic() + believedMs
  }

  /** Why a call of this era would fail, where it would. */
  refuse(era: Era, requested: string): Refusal | undefined {
    const { only } = this
    return only === undefined || only === era ? undefined : eraMismatch(only, requested)
  }
}

/** The upstream speaks `only` this era, and the client the other (-32022; MCP 2026-07-28, Protocol Version Negotiation). */
export function eraMismatch(only: Era, requested: string, supported?: readonly string[]): Refusal {
  const versions = supported ?? (only === 'earlier' ? earlierVersions : modernVersions)
  const detail = `the upstream speaks ${only === 'earlier' ? 'only versions before 2026-07-28' : 'only 2026-07-28 and later'}`
  return refuse('version_unsupported', detail, { data: { supported: versions, requested } })
}

/** Codes that only the modern era has (MCP 2026-07-28, Error Codes). */
export function isModernCode(code: number): boolean {
  return code === -32020 || code === -32021 || code === -32022
}
