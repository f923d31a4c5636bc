import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CopiedTree, copyTree } from '../copied-tree.ts'

let copy: CopiedTree

beforeAll(() => {
  copy = copyTree(['tests/types', 'tsconfig.json'])
})

afterAll(() => copy.remove())

function typeErrors(): readonly string[] {
  const { stdout } = copy.run('node_modules/typescript/bin/tsc', [
    '-p',
    'tests/types/tsconfig.json',
    '--noEmit',
    '--pretty',
    'false',
  ])
  return stdout.split('\n').filter((line) => line.includes('error TS'))
}

/** As `name of the file: code`. */
function short(error: string): string {
  return error.replace(/^.*?([^/]+)\(\d+,\d+\): error (TS\d+):.*$/, '$1: $2')
}

const gateway = 'packages/gateway/src'
/** An `@ts-expect-error` that expects nothing any more. */
const innerDoor = 'inner-door.test-d.ts: TS2578'
const outerDoor = 'outer-door.test-d.ts: TS2578'

describe('a wall taken away turns the type tests red', () => {
  let before: readonly string[]

  beforeAll(() => {
    before = typeErrors()
  })

  test('as it stands, they are green', () => {
    expect(before).toEqual([])
  })

  test.each([
    ['the brand of Authorized', `${gateway}/stages.ts`, `readonly [minted]: 'authorized'`, '', innerDoor],
    ['the brand of Plan', `${gateway}/stages.ts`, `readonly [minted]: 'plan'`, '', innerDoor],
    ['the brand of Intent', `${gateway}/stages.ts`, `readonly [minted]: 'intent'`, '', innerDoor],
    ['the brand of Credential', `${gateway}/credentials/port.ts`, 'readonly [leased]: true', '', innerDoor],
    ['the upstream of a credential', `${gateway}/egress/port.ts`, 'Credential<NoInfer<U>>', 'Credential', innerDoor],
    ['the upstream of a leased plan', `${gateway}/credentials/port.ts`, 'Plan<NoInfer<U>>', 'Plan', innerDoor],
    [
      'the intent before a lease',
      `${gateway}/credentials/port.ts`,
      'lease<U extends string>(intent: Intent<U>',
      'lease<U extends string>(intent: unknown',
      innerDoor,
    ],
    ['the upstream of a recorded plan', `${gateway}/audit/port.ts`, 'Plan<NoInfer<U>>', 'Plan', innerDoor],
    [
      'a seal that yields nothing',
      `${gateway}/egress/port.ts`,
      'matches(bytes: Uint8Array): boolean',
      'matches(bytes: Uint8Array): boolean\n  value?(): string',
      'inner-door.test-d.ts: TS2322',
    ],
    ['the private value of a token', 'packages/guard/src/inbound-token.ts', '#', 'open', outerDoor],
    [
      'the private constructor of a token',
      'packages/guard/src/inbound-token.ts',
      'private constructor',
      'constructor',
      outerDoor,
    ],
    [
      'a verifier that takes tokens only',
      'packages/guard/src/verify/types.ts',
      'verify(token: InboundToken',
      'verify(token: InboundToken | string',
      outerDoor,
    ],
  ])('%s', (_, file, wall, gap, error) => {
    const place = path.join(copy.folder, file)
    const whole = readFileSync(place, 'utf8')
    expect(whole).toContain(wall)
    writeFileSync(place, whole.replaceAll(wall, gap))
    try {
      const fresh = typeErrors().filter((known) => !before.includes(known))
      expect(fresh.map(short)).toContain(error)
    } finally {
      writeFileSync(place, whole)
    }
  })
})
