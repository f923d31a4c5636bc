import { opendir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { type ParsedPolicies, parsePolicies } from './parse-policies.ts'
import { formatPlace, type PolicyProblem, type PolicySource } from './policy-source.ts'

const maxFiles = 1000
const maxFileBytes = 1024 * 1024
const maxPolicies = 2000

/**
 * Reads every `*.cedar` of the folder, in the order of their names; not those of folders within. All problems at once.
 * Where there is any problem, what was read is not to be used: a forbid may be missing from it.
 */
export async function loadPolicies(dir: string): Promise<ParsedPolicies> {
  const problems: PolicyProblem[] = []
  const policies: PolicySource[] = []
  const report = (file: string, message: string, help: string) =>
    problems.push({ file, line: 1, column: 1, message, help })

  const files = await list(dir)
  if (files === undefined) {
    report(dir, 'the folder of policies cannot be read', 'create it, or correct `policies` in the configuration')
    return { policies, problems }
  }
  if (files.length > maxFiles)
    report(dir, `the folder has more than ${maxFiles} files`, 'put several policies into one file')
  for (const file of files.slice(0, maxFiles)) {
    const source = await read(path.join(dir, file))
    if (typeof source !== 'string') {
      report(file, source.problem, source.help)
      continue
    }
    const parsed = parsePolicies(file, source)
    policies.push(...parsed.policies)
    problems.push(...parsed.problems)
  }
  if (policies.length > maxPolicies)
    report(dir, `there are more than ${maxPolicies} policies`, 'use groups, sets and `in`')
  return { policies, problems: [...problems, ...duplicates(policies)] }
}

async function list(dir: string): Promise<string[] | undefined> {
  try {
    const files: string[] = []
    for await (const entry of await opendir(dir)) {
      if (entry.name.endsWith('.cedar') && !entry.isDirectory()) files.push(entry.name)
      if (files.length > maxFiles) break
    }
    return files.sort()
  } catch {
    return undefined
  }
}

async function read(file: string): Promise<string | { readonly problem: string; readonly help: string }> {
  try {
    const { size } = await stat(file)
    if (size > maxFileBytes) return { problem: `the file is longer than ${maxFileBytes} bytes`, help: 'split it' }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    if (error instanceof TypeError) return { problem: 'the file is not UTF-8', help: 'save it as UTF-8' }
    return { problem: 'the file cannot be read', help: 'check its permissions' }
  }
}

function duplicates(policies: readonly PolicySource[]): readonly PolicyProblem[] {
  const first = new Map<string, PolicySource>()
  return policies.flatMap((policy) => {
    const other = first.get(policy.id)
    if (other === undefined) {
      first.set(policy.id, policy)
      return []
    }
    const { file, line, column } = policy
    return {
      file,
      line,
      column,
      message: `the id \`${policy.id}\` is taken by ${formatPlace(other)}`,
      help: 'give one of them another `@id`',
    }
  })
}
