import { parseApproval } from './approval.ts'
import { CedarFault, type ParsedPolicy, type PolicyJson, parsePolicy } from './cedar.ts'
import type { Approvers } from './decision.ts'
import type { PolicyPlace, PolicyProblem, PolicySource } from './policy-source.ts'
import { positionsIn, type Statement, splitStatements } from './statements.ts'
import { vocabularyProblems } from './vocabulary-problems.ts'

export interface ParsedPolicies {
  readonly policies: readonly PolicySource[]
  readonly problems: readonly PolicyProblem[]
}

const maxIdLength = 128
const maxStatements = 2000

/** Reads the policies of one file; every problem of every policy at once. Pure. */
export function parsePolicies(file: string, source: string): ParsedPolicies {
  const policies: PolicySource[] = []
  const problems: PolicyProblem[] = []
  const positionOf = positionsIn(source)
  const statements = splitStatements(source)
  if (statements.length > maxStatements) {
    const message = `the file has more than ${maxStatements} policies`
    return { policies, problems: [{ file, line: 1, column: 1, message, help: 'use groups, sets and `in`' }] }
  }
  for (const [index, statement] of statements.entries()) {
    const place = { file, ...positionOf(statement.offset) }
    const report = (message: string, help?: string, at: PolicyPlace = place) => problems.push({ ...at, message, help })
    const json = parse(statement, (message, help, bytes) =>
      report(
        message,
        help,
        bytes === undefined ? place : { file, ...positionOf(statement.offset + unitsOf(statement.text, bytes)) },
      ),
    )
    if (json === undefined) continue
    const before = problems.length
    const id = idOf(json, `${file}#${index}`)
    if (id === undefined)
      report('the `@id` is empty, too long, or has invisible characters', `use at most ${maxIdLength} plain characters`)
    const approvers = approversOf(json, (message, help) => report(message, help))
    for (const { message, help } of vocabularyProblems(json)) report(message, help)
    if (id !== undefined && problems.length === before) policies.push({ ...place, id, json, approvers })
  }
  return { policies, problems }
}

type Report = (message: string, help?: string, bytes?: number) => void

function parse({ text, problem }: Statement, report: Report): PolicyJson | undefined {
  if (problem !== undefined) {
    report(problem.message, problem.help)
    return undefined
  }
  let parsed: ParsedPolicy
  try {
    parsed = parsePolicy(text)
  } catch (error) {
    if (!(error instanceof CedarFault)) throw error
    report(
      'the policy is nested too deeply, or has too long a chain of operators',
      'split it into several policies, or use sets and `contains`',
    )
    return undefined
  }
  if ('json' in parsed) return parsed.json
  const { message, help, sourceLocations } = parsed.fault
  const [location] = sourceLocations ?? []
  report(
    message.replace(/^failed to parse policy from string: /, ''),
    help ?? hintFor(text, location?.label),
    location?.start,
  )
  return undefined
}

function hintFor(text: string, expected: string | null | undefined): string {
  if (/@approval\s*\(\s*"[^"]*"\s*,/.test(text)) return 'an annotation has one value: write `@approval("group, 2")`'
  return expected ?? 'compare it with the grammar of Cedar policies'
}

function idOf(json: PolicyJson, otherwise: string): string | undefined {
  const id = json.annotations?.['id']
  if (id === undefined) return otherwise
  return id === null || id === '' || id.length > maxIdLength || !/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(id) ? undefined : id
}

function approversOf(json: PolicyJson, report: Report): Approvers | undefined {
  const annotation: string | null | undefined = json.annotations?.['approval']
  if (annotation === undefined) return undefined
  if (json.effect === 'forbid') {
    report('`@approval` on a forbid means nothing: a forbid always denies', 'put it on a permit, or remove it')
    return undefined
  }
  const approvers = parseApproval(annotation)
  if (typeof approvers !== 'string') return approvers
  report(
    `\`@approval\` ${approvers}`,
    'name a group and how many of it must say yes, such as `@approval("finance, 2")`',
  )
  return undefined
}

/** Cedar counts bytes of UTF-8. */
function unitsOf(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length
}
