import { visible } from './visible.ts'

/** What is wrong and what to do about it. Neither ever quotes a value, which may be a secret in the wrong place. */
export interface Fault {
  readonly message: string
  readonly help: string
}

/** A mistake in the configuration, or something worth a warning, and where it stands. */
export interface Problem extends Fault {
  /** As a person would name it: relative to the working directory where it lies below it. */
  readonly file: string
  /** From 1. Undefined where the file as a whole is meant. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** E.g. `upstreams[0].credentials.token`; empty for the whole document. */
  readonly path: string
}

export type Path = readonly (string | number)[]

/** Adds a problem at this place of the configuration. */
export type Report = (path: Path, fault: Fault, at?: 'key' | 'value') => void

export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const name = /^[A-Za-z_][\w-]*$/.test(step) ? visible(step, 64) : `"${visible(step, 64)}"`
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** `file:line:column path: what is wrong, what to do` */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, message, help } = problem
  const place = line === undefined ? visible(file, 1024) : `${visible(file, 1024)}:${line}:${column ?? 1}`
  return `${place}${path === '' ? '' : ` ${path}`}: ${message}, ${help}`
}
