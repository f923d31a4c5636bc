/**
 * Strict JSON. `JSON.parse` takes the last of two equal keys and rounds numbers silently; two parsers that differ there
 * would let policy read one call and the upstream another. What this accepts, `JSON.stringify` writes back with the
 * same meaning: every parser that follows RFC 8259 reads the same from it.
 */
import { type Refusal, refuse } from '../refusal.ts'
import type { JsonValue } from './call.ts'
import { describeFault } from './json-fault.ts'
import { survives } from './json-number.ts'

/** Objects and arrays within each other. */
const deepest = 64
/** Members and elements in all. */
const mostElements = 100_000
const tooMany = `more than ${mostElements} members and elements`

/** In a box of its own: what was parsed may look like anything, a refusal included. */
export interface Parsed {
  readonly value: JsonValue
}

/**
 * Parses one JSON text (RFC 8259) in UTF-8. Refuses, as `json_invalid` and naming which: a BOM, invalid UTF-8, a
 * duplicate key, the keys `__proto__`, `constructor` and `prototype`, an integer beyond ±(2^53-1) (`1e20` is one too),
 * a number that a double does not keep, a lone surrogate, more than 64 levels, and more than 100,000 members and
 * elements. `1.0` is `1` and `-0` is `0`: these are equal numbers, and are written back in the shorter form.
 *
 * Does not bound the length: the caller does, before it buffers.
 */
export function parseJson(bytes: Uint8Array): Parsed | Refusal {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return refuseJson('a byte order mark')
  const shape = scan(bytes)
  if (typeof shape === 'string') return refuseJson(shape)
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return refuseJson('invalid UTF-8')
  }
  let value: JsonValue
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuseJson(`not well-formed${positionOf(error)}`)
  }
  // A duplicate is one member fewer in the value than in the text; a confusing key or a bad string counts as NaN.
  const count = shape.escapes ? countStrictly(value) : countMembers(value)
  if (count !== shape.members) return refuseJson(describeFault(text))
  return { value }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function refuseJson(what: string): Refusal {
  return refuse('json_invalid', what, { message: `the body is not acceptable JSON: ${what}` })
}

interface Shape {
  readonly members: number
  /** Whether a string holds a `\u` escape: without one there can be no lone surrogate. */
  readonly escapes: boolean
}

const quote = 0x22
const backslash = 0x5c

/** One pass, before anything is built. Bytes that are not JSON pass or not: `JSON.parse` is next. */
function scan(bytes: Uint8Array): Shape | string {
  let members = 0
  let elements = 0
  let depth = 0
  let escapes = false
  const { length } = bytes
  for (let index = 0; index < length; index++) {
    const byte = bytes[index] ?? 0
    if (byte === quote) {
      let inner = bytes[++index]
      while (inner !== quote && index < length) {
        if (inner === backslash && bytes[++index] === 0x75) escapes = true
        inner = bytes[++index]
      }
    } else if (byte === 0x3a) {
      members++
    } else if (byte === 0x2c) {
      if (++elements > mostElements) return tooMany
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++elements > mostElements) return tooMany
      if (++depth > deepest) return `nested deeper than ${deepest}`
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    } else if (byte === 0x2d || isDigit(byte)) {
      const last = lastOfNumber(bytes, index)
      // An exponent aside, every decimal of at most 15 digits survives a double (IEEE 754).
      if (last - index >= 15 || hasExponent(bytes, index, last)) {
        const fault = survives(utf8.decode(bytes.subarray(index, last + 1)))
        if (fault !== undefined) return fault
      }
      index = last
    }
  }
  return { members, escapes }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isExponent(byte: number): boolean {
  return byte === 0x65 || byte === 0x45
}

function lastOfNumber(bytes: Uint8Array, start: number): number {
  let index = start
  for (let next = bytes[index + 1] ?? 0; ; next = bytes[index + 1] ?? 0) {
    if (!isDigit(next) && !isExponent(next) && next !== 0x2e && next !== 0x2b && next !== 0x2d) return index
    index++
  }
}

function hasExponent(bytes: Uint8Array, start: number, last: number): boolean {
  for (let index = start; index <= last; index++) if (isExponent(bytes[index] ?? 0)) return true
  return false
}

function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') count += countMembers(element)
    return count
  }
  for (const key in value) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') return Number.NaN
    count++
    const member = value[key]
    if (typeof member === 'object') count += countMembers(member)
  }
  return count
}

/** As `countMembers`, and looks for lone surrogates, which only an escape can bring. */
function countStrictly(value: JsonValue | undefined): number {
  if (typeof value === 'string') return value.isWellFormed() ? 0 : Number.NaN
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) count += countStrictly(element)
    return count
  }
  for (const key in value) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype' || !key.isWellFormed()) return Number.NaN
    count += 1 + countStrictly(value[key])
  }
  return count
}

/** V8's message quotes the text, so only the position is taken from it. */
function positionOf(error: unknown): string {
  const found = /at position (\d+)/.exec(String(error))
  return found === null ? '' : ` at character ${found[1]}`
}
