import { constants, open } from 'node:fs/promises'
import path from 'node:path'
import type { Fault } from './problem.ts'

const maxBytes = 256 * 1024

export interface Source {
  /** Absolute. */
  readonly file: string
  /** Relative to the working directory where it lies below it. */
  readonly shown: string
  readonly namedBy: '--config' | 'SALLYPORT_CONFIG' | undefined
}

export interface LoadOptions {
  /** Of `--config`; relative to `cwd`. Undefined: `SALLYPORT_CONFIG`, then `./sallyport.yaml`. */
  readonly file: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
}

export function findSource({ file, env, cwd }: LoadOptions): Source {
  const fromEnv = env['SALLYPORT_CONFIG'] || undefined
  const absolute = path.resolve(cwd, file ?? fromEnv ?? 'sallyport.yaml')
  return {
    file: absolute,
    shown: shownFile(absolute, cwd),
    namedBy: file !== undefined ? '--config' : fromEnv === undefined ? undefined : 'SALLYPORT_CONFIG',
  }
}

/** As a person would name it: relative to the working directory where it lies below it. Both absolute. */
export function shownFile(file: string, cwd: string): string {
  const relative = path.relative(cwd, file)
  return relative === '' || relative.startsWith('..') ? file : relative
}

export async function readSource({ file, namedBy }: Source): Promise<{ readonly text: string } | Fault> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = await handle.stat()
    if (!status.isFile())
      return { message: 'is not a regular file', help: 'name the configuration file with `--config FILE`' }
    if (status.size > maxBytes)
      return { message: 'is larger than 256 KiB', help: 'name the configuration file with `--config FILE`' }
    const bytes = await handle.readFile()
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    if (error instanceof TypeError) return { message: 'is not UTF-8 text', help: 'save it as UTF-8' }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') {
      const help =
        namedBy === undefined
          ? 'make one with `sallyport init`, or name yours with `--config FILE`'
          : `correct \`${namedBy}\``
      return { message: 'there is no such configuration file', help }
    }
    return { message: `cannot be read (${code})`, help: 'let the user that runs Sallyport read it' }
  }
}
