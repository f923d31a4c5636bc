/**
 * Where in recorded bytes a secret stands, in any shape that it could take. Made to find more than the gateway's own
 * tripwire does, and shares nothing with it: what judges the gateway must not be the gateway.
 */
import { constants, inflateRawSync } from 'node:zlib'

/** As short a piece of a secret as counts: the window that the promise names. */
export const windowBytes = 24

export interface Sighting {
  readonly encoding: 'raw' | 'base64' | 'base64url' | 'hex'
  /** What had to be undone first, outermost first, e.g. `gzip`, `percent`. */
  readonly within: readonly string[]
  /** Index of the recording. */
  readonly recording: number
}

const unpackedBytes = 4 * 1024 * 1024
const depth = 3

/**
 * At most one sighting for each recording, encoding and way of unpacking.
 * @param secret ASCII; of one shorter than a window the whole is sought.
 */
export function findSightings(secret: string, recordings: readonly Uint8Array[]): readonly Sighting[] {
  const needles = needlesOf(Buffer.from(secret, 'latin1'))
  return recordings.flatMap((bytes, recording) =>
    [...views(Buffer.from(bytes), [])].flatMap((view) =>
      [...needles]
        .filter(([encoding, pieces]) => {
          const text = encoding === 'hex' ? lowerCase(view.bytes) : view.bytes
          return pieces.some((piece) => text.includes(piece))
        })
        .map(([encoding]) => ({ encoding, within: view.within, recording })),
    ),
  )
}

type Encoding = Sighting['encoding']

function needlesOf(secret: Buffer): ReadonlyMap<Encoding, readonly Buffer[]> {
  const length = Math.min(windowBytes, secret.length)
  const windows = Array.from({ length: secret.length - length + 1 }, (_, at) => secret.subarray(at, at + length))
  const base64 = windows.flatMap(base64Cores)
  return new Map<Encoding, readonly Buffer[]>([
    ['raw', windows],
    ['hex', windows.map((window) => Buffer.from(window.toString('hex')))],
    ['base64', base64.map((core) => Buffer.from(core))],
    [
      'base64url',
      base64
        .filter((core) => /[+/]/.test(core))
        .map((core) => Buffer.from(core.replaceAll('+', '-').replaceAll('/', '_'))),
    ],
  ])
}

/** What the base64 of any text that holds the window holds, at each of the three offsets. */
function base64Cores(window: Buffer): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), window]).toString('base64')
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + window.length) * 8) / 6))
  })
}

interface View {
  readonly bytes: Buffer
  readonly within: readonly string[]
}

/** The bytes as they are, and with each layer undone that something could lie under. */
function* views(bytes: Buffer, within: readonly string[]): Generator<View> {
  yield { bytes, within }
  if (within.length >= depth) return
  const text = bytes.toString('latin1')
  const unescaped = text
    .replace(/\\u00([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\/', '/')
  if (unescaped !== text) yield* views(Buffer.from(unescaped, 'latin1'), [...within, 'json'])
  const decoded = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  if (decoded !== text) yield* views(Buffer.from(decoded, 'latin1'), [...within, 'percent'])
  for (const [name, bytesInside] of unpacked(bytes)) yield* views(bytesInside, [...within, name])
}

const magics = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08]), gzipHeaderBytes],
  ['zlib', Buffer.from([0x78, 0x9c]), () => 2],
] as const

/** Inflated without the checks of the container, so that what was cut off or goes on behind it is read as well. */
function* unpacked(bytes: Buffer): Generator<readonly [string, Buffer]> {
  for (const [name, magic, headerBytes] of magics) {
    for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 1)) {
      try {
        const options = { maxOutputLength: unpackedBytes, finishFlush: constants.Z_SYNC_FLUSH }
        yield [name, inflateRawSync(bytes.subarray(at + headerBytes(bytes.subarray(at))), options)]
      } catch {
        // only looked like it
      }
    }
  }
}

/** RFC 1952 section 2.3. */
function gzipHeaderBytes(bytes: Buffer): number {
  const flags = bytes.readUInt8(3)
  let length = 10
  if (flags & 4) length += 2 + bytes.readUInt16LE(length)
  for (const flag of [8, 16]) if (flags & flag) length = bytes.indexOf(0, length) + 1
  return flags & 2 ? length + 2 : length
}

function lowerCase(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1')
}
