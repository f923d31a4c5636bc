import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLeakDetector } from '../src/index.ts'

const WINDOW = 24
const token = `eyJhbGciOiJFUzI1NiJ9.${Buffer.from('claims/of?some~token>'.repeat(12)).toString('base64url')}.c2ln+b/_~-x==`
const bytes = (text: string) => Buffer.from(text)

/** The characters of a window, each escaped where its bit says so. */
type Some = (window: string, chosen: readonly boolean[]) => string
const each =
  (escaped: (character: string, at: number) => string): Some =>
  (window, chosen) =>
    Array.from(window, (character, at) => (chosen[at % chosen.length] ? escaped(character, at) : character)).join('')
const hexOf = (character: string, digits: number) => character.charCodeAt(0).toString(16).padStart(digits, '0')

const encodings: Record<string, Some> = {
  raw: (window) => window,
  'another case': (window, chosen) => (chosen[0] ? window.toUpperCase() : window.toLowerCase()),
  'JSON escapes': each((character, at) => `\\u${at % 2 ? hexOf(character, 4) : hexOf(character, 4).toUpperCase()}`),
  'JSON escapes of slashes': (window) => window.replaceAll('/', '\\/'),
  'JSON escapes within JSON': each((character) => `\\\\u${hexOf(character, 4)}`),
  percent: each((character, at) => `%${at % 2 ? hexOf(character, 2) : hexOf(character, 2).toUpperCase()}`),
  'percent within JSON': each((character) => `\\u0025${hexOf(character, 2)}`),
  hex: (window, chosen) => (chosen[0] ? bytes(window).toString('hex') : bytes(window).toString('hex').toUpperCase()),
}
for (const before of [0, 1, 2]) {
  for (const alphabet of ['base64', 'base64url'] as const) {
    const encoded: Some = (window) => bytes(`${'#!'.slice(0, before)}${window}`).toString(alphabet)
    encodings[`${alphabet} at offset ${before}`] = encoded
    encodings[`${alphabet} at offset ${before} with JSON-escaped slashes`] = (window, chosen) =>
      encoded(window, chosen).replaceAll('/', '\\/')
    encodings[`${alphabet} at offset ${before} with percent`] = (window, chosen) =>
      encodeURIComponent(encoded(window, chosen))
  }
}

describe('threat 26: any window of 24 bytes is found', () => {
  const detector = createLeakDetector(token, { window: WINDOW })

  test.each(Object.entries(encodings))('%s', (_, encode) => {
    const surroundings = fc.string({ unit: 'grapheme-ascii', maxLength: 300 })
    fc.assert(
      fc.property(
        fc.nat(token.length - WINDOW),
        fc.array(fc.boolean(), { minLength: 1, maxLength: WINDOW }),
        surroundings,
        surroundings,
        (at, chosen, before, after) => {
          // an odd run of backslashes before an escape would make it another text; a text ends no escape of ours
          const clean = before.replaceAll('\\', '').replaceAll('%', '')
          const leak = encode(token.slice(at, at + WINDOW), chosen)
          expect(detector.matches(bytes(`${clean}${leak}${after}`))).toBe(true)
        },
      ),
      { numRuns: 120 },
    )
  })

  test('every single window, at every position modulo the stride', () => {
    for (let at = 0; at + WINDOW <= token.length; at++) {
      const text = `${'.'.repeat(at % 19)}${token.slice(at, at + WINDOW)}`
      expect(detector.matches(bytes(text))).toBe(true)
    }
  })

  test('the whole token in every encoding, in a Uint8Array over a part of a buffer too', () => {
    for (const encode of Object.values(encodings)) {
      const padded = bytes(`{"a":"${encode(token, [true])}"}`)
      expect(detector.matches(padded)).toBe(true)
      expect(detector.matches(new Uint8Array(padded.buffer, padded.byteOffset, padded.byteLength))).toBe(true)
    }
  })

  test('the encoded whole, of which a part is cut', () => {
    for (let cut = 0; cut < 40; cut++) {
      expect(detector.matches(bytes(bytes(token).toString('base64').slice(cut)))).toBe(true)
      expect(detector.matches(bytes(bytes(token).toString('hex').slice(cut)))).toBe(true)
    }
  })
})

describe('nothing else is found', () => {
  test('random bytes and random text', () => {
    for (const secret of [token, randomBytes(6144).toString('base64url'), randomBytes(32).toString('base64url')]) {
      const detector = createLeakDetector(secret, { window: WINDOW })
      for (let run = 0; run < 40; run++) {
        const random = randomBytes(8192)
        for (const encoding of ['latin1', 'base64', 'base64url', 'hex'] as const) {
          expect(detector.matches(bytes(random.toString(encoding)))).toBe(false)
        }
        expect(detector.matches(bytes(JSON.stringify(random.toString('latin1'))))).toBe(false)
      }
    }
  })

  test('declared uncovered: fragments under the window, however many', () => {
    const detector = createLeakDetector(token, { window: WINDOW })
    const fragments = []
    for (let at = 0; at + 23 <= token.length; at += 23) fragments.push(token.slice(at, at + 23))
    expect(detector.matches(bytes(fragments.join(' ')))).toBe(false)
    expect(detector.matches(bytes(fragments.map((part) => bytes(part).toString('hex')).join(' ')))).toBe(false)
  })

  test('bytes that are too few, or broken escapes', () => {
    const detector = createLeakDetector(token, { window: WINDOW })
    for (const text of ['', 'a', '\\', '\\u', '\\u12', '\\ud83d', '\\ud83d\\u', '%', '%4', '%zz', '\\\\\\', '%%%']) {
      expect(detector.matches(bytes(text))).toBe(false)
    }
  })
})

describe('threat 30: a leased secret, whole', () => {
  const secrets = [
    'sk_live_51H8xAbCdEfGhIjKlMnOp',
    'p@ss"w\\ord/with\nodd<>&characters',
    'pässwörd-ключ-🔑-long-enough',
    'short-one',
    'key=7',
    'Ab3/x+9Z'.repeat(120),
  ]
  const json = (text: string) => JSON.stringify({ content: [{ type: 'text', text }] })
  const shown: Record<string, (secret: string) => string> = {
    raw: (secret) => `x ${secret} y`,
    JSON: json,
    'JSON in JSON': (secret) => json(json(secret)),
    'JSON of another language': (secret) => json(secret).replaceAll('/', '\\/'),
    'JSON in ASCII': (secret) =>
      json(secret).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    percent: (secret) => `https://x.example/?key=${encodeURIComponent(secret)}&b=c`,
    hex: (secret) => `0x${bytes(secret).toString('hex')}`,
    'upper-case hex': (secret) => bytes(secret).toString('hex').toUpperCase(),
    basic: (secret) => `Basic ${bytes(`user:${secret}`).toString('base64')}`,
    'basic with another user': (secret) => `Basic ${bytes(`users:${secret}`).toString('base64')}`,
    base64url: (secret) => bytes(`${secret}...`).toString('base64url'),
  }

  test.each(secrets)('%.40s is found however it is shown', (secret) => {
    const detector = createLeakDetector(secret, { window: 'whole' })
    for (const [name, show] of Object.entries(shown)) {
      expect(detector.matches(bytes(show(secret))), name).toBe(true)
    }
  })

  test.each(secrets)('%.40s is not found where a byte is missing or wrong', (secret) => {
    const detector = createLeakDetector(secret, { window: 'whole' })
    for (const part of [secret.slice(1), secret.slice(0, -1), `${secret.slice(0, -1)}~`, `~${secret.slice(1)}`]) {
      for (const name of ['raw', 'JSON', 'hex', 'percent']) {
        expect(detector.matches(bytes((shown[name] as (secret: string) => string)(part))), name).toBe(false)
      }
    }
  })

  test('a secret shorter than the window is looked for whole', () => {
    const detector = createLeakDetector('sixteen-bytes-ok', { window: WINDOW })
    expect(detector.matches(bytes('..sixteen-bytes-ok..'))).toBe(true)
    expect(detector.matches(bytes('..sixteen-bytes-o..'))).toBe(false)
  })

  test('near misses of a secret that repeats itself are told from it', () => {
    const secret = 'QUFB'.repeat(300)
    const near = `${'QUFB'.repeat(299)}!`.repeat(80)
    const detector = createLeakDetector(secret, { window: 'whole' })
    expect(detector.matches(bytes(near))).toBe(false)
    expect(detector.matches(bytes(near + secret))).toBe(true)
  })
})

test('an empty secret and a window too small to tell are refused', () => {
  expect(() => createLeakDetector('', { window: 'whole' })).toThrow(RangeError)
  for (const window of [15, 0, -1, Number.NaN])
    expect(() => createLeakDetector('x'.repeat(40), { window })).toThrow(RangeError)
})
