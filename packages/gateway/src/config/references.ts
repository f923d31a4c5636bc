/**
 * Secret references: `${NAME}` (environment) and `file:PATH`. Syntax is pure; resolving reads the environment and files.
 * No fault quotes what stands in place of a reference, because that may be the secret itself.
 */
import { constants, open } from 'node:fs/promises'
import path from 'node:path'
import { Secret } from '../secrets/secret.ts'
import type { Fault } from './problem.ts'

const maxSecretBytes = 64 * 1024
const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]{0,127})\}$/

type Reference =
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }

function parseReference(text: string): Reference | Fault {
  const name = variable.exec(text)?.[1]
  if (name !== undefined) return { kind: 'environment', name }
  if (text.startsWith('file:')) return fileReference(text)
  if (text.startsWith('secret:')) {
    return {
      message: 'needs the sealed store, which this version does not have',
      help: 'use `${NAME}` for an environment variable or `file:PATH`',
    }
  }
  if (text.includes('${')) {
    return {
      message: 'is not wholly a reference',
      help: 'put the whole value into the variable or file; `${NAME}` must stand alone (letters, digits and `_`)',
    }
  }
  return {
    message: 'is a literal secret',
    help: 'keep the value in an environment variable or a file and write `${NAME}` or `file:PATH`; replace the secret where it was shared',
  }
}

function fileReference(text: string): Reference | Fault {
  const rest = text.slice('file:'.length)
  const file = rest.startsWith('//') ? rest.slice(2) : rest
  if (file === '' || file.includes('\0') || file.length > 1024 || (rest.startsWith('//') && !file.startsWith('/'))) {
    return { message: 'names no file', help: 'write it like `file:./keys/name.secret` or `file:/run/secrets/name`' }
  }
  return { kind: 'file', path: file }
}

export function referenceFault(text: string): Fault | undefined {
  const reference = parseReference(text)
  return 'message' in reference ? reference : undefined
}

export interface ReferenceContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute; relative files lie below it. */
  readonly folder: string
}

export type Resolved = { readonly secret: Secret; readonly warning: Fault | undefined } | { readonly fault: Fault }

/** @param text passed `referenceFault`. Never throws: a file that cannot be read is a fault. */
export async function resolveReference(text: string, context: ReferenceContext): Promise<Resolved> {
  const reference = parseReference(text)
  if ('message' in reference) return { fault: reference }
  if (reference.kind === 'environment') {
    const value = Object.hasOwn(context.env, reference.name) ? context.env[reference.name] : undefined
    if (value === undefined || value === '') {
      const state = value === undefined ? 'not set' : 'empty'
      return {
        fault: {
          message: `environment variable \`${reference.name}\` is ${state}`,
          help: 'set it before you start Sallyport',
        },
      }
    }
    return { secret: new Secret(value, text), warning: undefined }
  }
  return resolveFile(path.resolve(context.folder, reference.path), text)
}

async function resolveFile(file: string, reference: string): Promise<Resolved> {
  const read = await readSecretFile(file)
  if ('message' in read) return { fault: read }
  const value = read.text.replace(/\r?\n$/, '')
  if (value === '') return { fault: { message: 'the file is empty', help: 'write the secret into it' } }
  const warning =
    (read.mode & 0o077) !== 0
      ? {
          message: 'the file can be read by other users',
          help: 'run `chmod 600` on it, unless only this container can see it',
        }
      : undefined
  return { secret: new Secret(value, reference), warning }
}

async function readSecretFile(file: string): Promise<{ readonly text: string; readonly mode: number } | Fault> {
  try {
    // Non-blocking, so that a named pipe is seen to be none of ours instead of waited for.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const status = await handle.stat()
    if (!status.isFile())
      return { message: 'what it names is not a regular file', help: 'name a file that holds the secret alone' }
    if (status.size > maxSecretBytes)
      return { message: 'the file is larger than 64 KiB', help: 'name a file that holds the secret alone' }
    const bytes = await handle.readFile()
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), mode: status.mode }
  } catch (error) {
    if (error instanceof TypeError) return { message: 'the file is not UTF-8 text', help: 'store the secret as text' }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT')
      return { message: 'the file does not exist', help: 'create it, readable by you alone, or correct the path' }
    return { message: `the file cannot be read (${code})`, help: 'let the user that runs Sallyport read it' }
  }
}
