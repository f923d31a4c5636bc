/** Policies as they stand in their files. */
import type { PolicyJson } from './cedar.ts'
import type { Approvers } from './decision.ts'

export interface PolicyPlace {
  /** Name within the folder, or as a person would name it. */
  readonly file: string
  /** Both from 1; of the policy's first token. */
  readonly line: number
  readonly column: number
}

export interface PolicySource extends PolicyPlace {
  /** `@id`, or `{file}#{n}` where there is none; n counts the policies of the file from 0. */
  readonly id: string
  readonly json: PolicyJson
  readonly approvers: Approvers | undefined
}

export interface PolicyProblem extends PolicyPlace {
  readonly message: string
  /** What to do. */
  readonly help: string | undefined
}

export function formatPlace({ file, line, column }: PolicyPlace): string {
  return `${file}:${line}:${column}`
}
