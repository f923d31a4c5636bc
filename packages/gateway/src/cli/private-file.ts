import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { RandomBytes } from '../clock.ts'
import { CommandFailed, exitCode } from './command.ts'

/**
 * Writes a file that its owner alone can read (0600, missing folders 0700), all of it or nothing. What was there is
 * replaced; a symbolic link is replaced, not followed.
 * @throws {CommandFailed} it cannot be written.
 */
export async function writePrivateFile(file: string, content: string, random: RandomBytes): Promise<void> {
  const aside = `${file}.${random(8).toString('hex')}.new`
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(aside, 'wx', 0o600)
    try {
      await handle.writeFile(content)
    } finally {
      await handle.close()
    }
    await chmod(aside, 0o600)
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw cannotWrite(file, error)
  }
}

export function cannotWrite(file: string, error: unknown): CommandFailed {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return new CommandFailed(
    exitCode.problems,
    `${file} cannot be written (${code}); name another place, or make this one writable`,
  )
}
