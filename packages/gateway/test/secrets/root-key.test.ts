import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRootKey, RootKeyUnusable } from '../../src/secrets/root-key.ts'

const random = (length: number): Buffer => randomBytes(length)
let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-root-key-'))
  file = path.join(folder, 'keys', 'root.key')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function message(mayCreate = false): Promise<string> {
  try {
    await openRootKey(file, { mayCreate, random })
  } catch (error) {
    expect(error).toBeInstanceOf(RootKeyUnusable)
    return error instanceof Error ? error.message : ''
  }
  throw new Error('it opened')
}

test('it is made once, for its owner alone, and is the same at the next start', async () => {
  const made = await openRootKey(file, { mayCreate: true, random })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700)
  expect(await readFile(file, 'utf8')).toMatch(/^[\w-]{43}\n$/)
  expect(await readdir(path.dirname(file))).toEqual(['root.key'])
  const again = await openRootKey(file, { mayCreate: false, random })
  expect(again.derive('default', 'x', 32)).toEqual(made.derive('default', 'x', 32))
})

test('of several that make it at once, all get the same key', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => openRootKey(file, { mayCreate: true, random })))
  expect(new Set(keys.map((key) => key.derive('default', 'x', 32).toString('hex'))).size).toBe(1)
  expect(await readdir(path.dirname(file))).toEqual(['root.key'])
})

test('missing beside a store: it is not made, and the error says what to do', async () => {
  expect(await message()).toBe(
    `the root key \`${file}\` is missing, and the store was sealed with it: restore the file from where you keep it, or move the store away to start anew`,
  )
  expect(await readdir(folder)).toEqual([])
})

test.each([0o640, 0o604, 0o660, 0o610, 0o601])('mode %o is refused', async (mode) => {
  await openRootKey(file, { mayCreate: true, random })
  await chmod(file, mode)
  expect(await message(true)).toContain(`is open to other users (mode ${mode.toString(8)}): run \`chmod 600\``)
})

test.each([
  ['nothing', ''],
  ['too short', `${Buffer.alloc(31, 1).toString('base64url')}\n`],
  ['too long', `${Buffer.alloc(33, 1).toString('base64url')}\n`],
  ['hex', `${Buffer.alloc(32, 1).toString('hex')}\n`],
  ['a second line', `${Buffer.alloc(32, 1).toString('base64url')}\n\n`],
  ['trailing bits', `${Buffer.alloc(32, 1).toString('base64url').slice(0, -1)}R\n`],
  ['a whole disk', 'A'.repeat(5000)],
])('threat 77: a file that holds %s', async (_title, content) => {
  await mkdir(path.dirname(file))
  await writeFile(file, content, { mode: 0o600 })
  const text = await message(true)
  expect(text).toContain('does not hold 32 bytes in base64url: restore it')
  if (content.length > 20) expect(text).not.toContain(content.slice(0, 20))
})

test('a folder in its place', async () => {
  await mkdir(file, { recursive: true, mode: 0o700 })
  expect(await message(true)).toContain('is not a regular file')
})
