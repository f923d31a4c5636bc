import type { Fault } from './problem.ts'
import { referenceFault } from './references.ts'
import { looksLikeSecretName, looksLikeSecretValue } from './values.ts'

export interface Environment {
  /** Names of the variables that are references to secrets. */
  readonly secrets: readonly string[]
  readonly plain: Readonly<Record<string, string>>
  readonly faults: readonly { readonly name: string; readonly fault: Fault }[]
}

/** Parts `env` of a program: references are secrets, other text is not, and what only looks like text is refused. Pure. */
export function environmentOf(env: Readonly<Record<string, string>>): Environment {
  const secrets: string[] = []
  const plain: Record<string, string> = Object.create(null)
  const faults: { name: string; fault: Fault }[] = []
  for (const [name, value] of Object.entries(env)) {
    const isReference = value.includes('${') || /^(file|secret):/.test(value)
    const fault = nameFault(name) ?? (isReference ? referenceFault(value) : plainFault(name, value))
    if (fault !== undefined) faults.push({ name, fault })
    else if (isReference) secrets.push(name)
    else plain[name] = value
  }
  return { secrets, plain, faults }
}

function nameFault(name: string): Fault | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return undefined
  return {
    message: 'is not the name of an environment variable',
    help: 'use letters, digits and `_`, and no digit first',
  }
}

function plainFault(name: string, value: string): Fault | undefined {
  if (value.includes('\0')) return { message: 'holds a NUL character', help: 'remove it' }
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i.test(value)
  const flag = /^(true|false|)$/.test(value)
  if (!password && !looksLikeSecretValue(value) && (flag || !looksLikeSecretName(name))) return undefined
  return {
    message: password ? 'holds a password' : 'looks like a literal secret',
    help: 'write `${NAME}` for an environment variable or `file:PATH`, and keep the value there',
  }
}
