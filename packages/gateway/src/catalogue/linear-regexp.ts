/** Regular expressions of schemas, by RE2: time linear in the text, whatever the pattern. */
import { RE2JS } from 're2js'
import type { Meter } from './meter.ts'

/** Instructions of one compiled pattern; RE2 works through all of them for each character at worst. */
const maxProgram = 2000

/** Steps of the automaton that count as one step of the meter. */
const stepsPerUnit = 16

/** @throws {Error} where RE2 does not know the syntax (look-around, back references), or the pattern is too large. */
export function compilePattern(pattern: string): RE2JS {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
  if (compiled.programSize() > maxProgram) throw new Error('the pattern is too large')
  return compiled
}

/**
 * What ajv's generated code asks for in place of `new RegExp`. Compiled when it is first used: a schema with hundreds
 * of patterns then costs nothing at load. `$` and `\d` mean what they mean in ECMAScript; `\s` is ASCII white space only.
 */
export function meteredPattern(pattern: string, meter: Meter): { test(text: string): boolean } {
  let compiled: RE2JS | undefined
  return {
    test(text) {
      compiled ??= compilePattern(pattern)
      meter.spend(1 + Math.ceil((text.length * compiled.programSize()) / stepsPerUnit))
      return compiled.test(text)
    },
  }
}
