import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findSightings, windowBytes } from '../../src/demo/sightings.ts'

const token = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHIJabcdefghij0123456789-_.~'),
  minLength: 24,
  maxLength: 120,
})
const noise = fc.uint8Array({ maxLength: 60 })

type Disguise = (token: string) => string | Buffer

const disguises: readonly (readonly [string, Disguise])[] = [
  ['raw', (secret) => secret],
  ['base64', (secret) => Buffer.from(secret).toString('base64')],
  ['base64, one byte on', (secret) => Buffer.from(`x${secret}`).toString('base64')],
  ['base64, two bytes on', (secret) => Buffer.from(`xy${secret}z`).toString('base64')],
  ['base64url', (secret) => Buffer.from(`x${secret}`).toString('base64url')],
  ['hex', (secret) => Buffer.from(secret).toString('hex')],
  ['HEX', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
  ['percent', (secret) => secret.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)],
  [
    'percent in part',
    (secret) => secret.replace(/[a-j]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`),
  ],
  ['JSON escapes', (secret) => secret.replace(/./g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)],
  ['gzip', (secret) => gzipSync(secret)],
  ['zlib', (secret) => deflateSync(secret)],
  ['percent in gzip', (secret) => gzipSync(secret.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`))],
]

describe.each(disguises)('%s', (_, disguise) => {
  test('is found wherever it stands', () => {
    fc.assert(
      fc.property(token, noise, noise, (secret, before, after) => {
        const bytes = Buffer.concat([before, Buffer.from(' '), Buffer.from(disguise(secret)), Buffer.from(' '), after])
        expect(findSightings(secret, [Buffer.alloc(0), bytes])).toContainEqual(
          expect.objectContaining({ recording: 1 }),
        )
      }),
      { numRuns: 40 },
    )
  })
})

test('a window of the token is enough, and less is not', () => {
  const secret = 'Zx9-qW7_eR5.tY3~uI1pA2sD4fG6hJ8kL0zXcVbNm'
  for (let at = 0; at + windowBytes <= secret.length; at += 1) {
    expect(findSightings(secret, [Buffer.from(`a ${secret.slice(at, at + windowBytes)} b`)])).toHaveLength(1)
    expect(findSightings(secret, [Buffer.from(`a ${secret.slice(at, at + windowBytes - 1)} b`)])).toEqual([])
  }
})

test('nothing is found where nothing is', () => {
  fc.assert(
    fc.property(token, fc.uint8Array({ maxLength: 400 }), (secret, bytes) => {
      expect(findSightings(secret, [bytes])).toEqual([])
    }),
    { numRuns: 100 },
  )
})
