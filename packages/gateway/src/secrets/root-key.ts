/**
 * The root key: one file of 32 random bytes that every other key derives from or is wrapped by. Whoever has the store
 * without this file has ciphertext.
 */
import { constants, link, mkdir, open, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { RandomBytes } from '../clock.ts'
import { RootKey, rootKeyBytes } from './seal.ts'

export type { RootKey } from './seal.ts'

export interface RootKeyOptions {
  /** Whether a missing file is made: only where there is no store yet, whose data another key would have sealed. */
  readonly mayCreate: boolean
  readonly random: RandomBytes
}

/** The file is missing, unreadable, open to others, or holds no key. The message says what to do, and no key material. */
export class RootKeyUnusable extends Error {
  override readonly name = 'RootKeyUnusable'
}

/**
 * Reads the root key, or makes it. The file holds 32 bytes in base64url, and belongs to its owner alone (0600, in a
 * folder made 0700). Of two that make it at once, one wins and both read the same key.
 * @throws {RootKeyUnusable}
 */
export async function openRootKey(file: string, { mayCreate, random }: RootKeyOptions): Promise<RootKey> {
  const existing = await read(file)
  if (existing !== undefined) return new RootKey(existing, random)
  if (!mayCreate) {
    throw new RootKeyUnusable(
      `the root key \`${file}\` is missing, and the store was sealed with it: restore the file from where you keep it, or move the store away to start anew`,
    )
  }
  await create(file, random)
  const created = await read(file)
  if (created === undefined)
    throw new RootKeyUnusable(`the root key \`${file}\` vanished while it was made: start again`)
  return new RootKey(created, random)
}

async function read(file: string): Promise<Buffer | undefined> {
  let text: string
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = await handle.stat()
    if (!status.isFile())
      throw new RootKeyUnusable(`the root key \`${file}\` is not a regular file: name one in \`rootKey\``)
    if ((status.mode & 0o077) !== 0) {
      throw new RootKeyUnusable(
        `the root key \`${file}\` is open to other users (mode ${(status.mode & 0o777).toString(8)}): run \`chmod 600\` on it, and make a new one if anybody may have read it`,
      )
    }
    if (status.size > 1024) throw notAKey(file)
    text = await handle.readFile('latin1')
  } catch (error) {
    if (error instanceof RootKeyUnusable) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') return undefined
    throw new RootKeyUnusable(
      `the root key \`${file}\` cannot be read (${code}): let the user that runs Sallyport read it`,
    )
  }
  const encoded = text.replace(/\r?\n$/, '')
  const key = Buffer.from(encoded, 'base64url')
  if (key.length !== rootKeyBytes || key.toString('base64url') !== encoded) throw notAKey(file)
  return key
}

function notAKey(file: string): RootKeyUnusable {
  return new RootKeyUnusable(
    `the root key \`${file}\` does not hold 32 bytes in base64url: restore it from where you keep it`,
  )
}

/** Writes aside and links into place, so that nobody ever reads half a key and nobody's key is overwritten. */
async function create(file: string, random: RandomBytes): Promise<void> {
  const aside = `${file}.${random(8).toString('hex')}.new`
  const key = random(rootKeyBytes)
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(aside, 'wx', 0o600)
    try {
      await handle.writeFile(`${key.toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    try {
      await link(aside, file)
    } finally {
      await unlink(aside)
    }
    await syncFolder(path.dirname(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'EEXIST') return
    throw new RootKeyUnusable(
      `the root key \`${file}\` cannot be made (${code}): let the user that runs Sallyport write there`,
    )
  } finally {
    key.fill(0)
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
