/**
 * The state that an upstream hands out with a question, for the client to bring back (MCP 2026-07-28, Multi Round-Trip
 * Requests). The upstream sees one credential for everybody, so it cannot tell whose it was: we can (threat 36).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Principal, principalKey } from '@sallyport/guard'
import type { JsonObject } from '../mcp/call.ts'
import { splitEnvelope } from '../mcp/envelope.ts'
import { membersOf, readString } from '../mcp/json-members.ts'

/** What a state is good for: the same request again, of the same principal to the same upstream. */
export interface StateUse {
  readonly principal: Principal
  readonly upstream: string
  readonly method: string
  readonly params: JsonObject
}

const key = 'requestState'
/** Of SHA-256, in base64url. */
const macLength = 43

/** Marks states on their way to the client, and takes the mark off when they come back. Keeps nothing. */
export class RequestStates {
  readonly #key: Uint8Array

  /** @param key 32 bytes, the same for every process on one store. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** The upstream's own state; undefined where we gave this one out for another use, or not at all. */
  open(marked: string, use: StateUse): string | undefined {
    const state = marked.slice(macLength)
    const given = Buffer.from(marked.slice(0, macLength))
    const own = Buffer.from(this.#mac(state, use))
    return given.length === own.length && timingSafeEqual(given, own) ? state : undefined
  }

  /** The response with its state marked, and otherwise as it came. A state that is not found is not accepted later. */
  mark(json: string, use: StateUse): string {
    if (!json.includes(`"${key}"`)) return json
    const body = splitEnvelope(json)?.body
    const range = body && membersOf(json, body.start)?.members.get(key)
    const state =
      range && json.charCodeAt(range.start) === 0x22 ? readString(json.slice(range.start, range.end)) : undefined
    if (range === undefined || state === undefined) return json
    const marked = JSON.stringify(`${this.#mac(state, use)}${state}`)
    return `${json.slice(0, range.start)}${marked}${json.slice(range.end)}`
  }

  #mac(state: string, { principal, upstream, method, params }: StateUse): string {
    const name = params['name'] ?? params['uri'] ?? ''
    const use = JSON.stringify([principalKey(principal), principal.audience, upstream, method, name])
    return createHmac('sha256', this.#key).update(`${use}\n${state}`).digest('base64url')
  }
}
