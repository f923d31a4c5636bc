/** Validates policies against the vocabulary of one subject at a time, so that one tool's schema is one tool's trouble. */
import type { AnalysedPolicy } from './analysed.ts'
import { type RecordArgument, toCedarType } from './argument-types.ts'
import { CedarFault, type Finding, validatePolicies } from './cedar.ts'
import { formatPlace } from './policy-source.ts'
import { type ReadNode, readsArguments } from './reads.ts'
import type { Subject } from './slice.ts'
import { contextAttributes, schemaFor } from './vocabulary.ts'

export interface Findings {
  /** Each makes every decision of the subject a denial. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** Remembers what no tool's schema can change. */
export function createValidation(): (applicable: readonly AnalysedPolicy[], subject: Subject) => Findings {
  const remembered = new Map<string, readonly Finding[]>()
  return (applicable, subject) => {
    const [reading, others] = [true, false].map((reads) =>
      applicable.filter((policy) => readsArguments(policy.reads) === reads),
    )
    const keyOf = (policy: AnalysedPolicy): string => `${subject.kind} ${policy.key}`
    const fresh = (others ?? []).filter((policy) => !remembered.has(keyOf(policy)))
    for (const [policy, found] of validate(fresh, subject)) remembered.set(keyOf(policy), found)
    const own = validate(reading ?? [], subject)
    const found = applicable.map((policy) => [policy, own.get(policy) ?? remembered.get(keyOf(policy)) ?? []] as const)
    return {
      errors: found.flatMap(([policy, findings]) => errorsOf(policy, subject, findings)),
      warnings: found.flatMap(([policy, findings]) => warningsOf(policy, subject, findings)),
    }
  }
}

function validate(
  policies: readonly AnalysedPolicy[],
  subject: Subject,
): ReadonlyMap<AnalysedPolicy, readonly Finding[]> {
  if (policies.length === 0) return new Map()
  const context = contextAttributes(subject.kind, toCedarType(subject.argumentsType))
  const named = policies.flatMap(({ reads }) => [...reads.actions])
  const schema = schemaFor(subject.action, subject.kind === 'call', context, named)
  try {
    const found = validatePolicies(Object.fromEntries(policies.map(({ source, json }) => [source.id, json])), schema)
    return new Map(policies.map((policy) => [policy, found.filter((finding) => finding.policy === policy.source.id)]))
  } catch (error) {
    if (!(error instanceof CedarFault)) throw error
    const { message } = error
    return new Map(policies.map((policy) => [policy, [{ policy: policy.source.id, message, severity: 'error' }]]))
  }
}

function errorsOf(policy: AnalysedPolicy, subject: Subject, found: readonly Finding[]): readonly string[] {
  return found.filter(({ severity }) => severity === 'error').map(({ message }) => describe(policy, subject, message))
}

/**
 * Cedar finds nothing wrong with `has` of what is not declared: it is false, and so is all behind it. In a policy for
 * every tool that is how one writes; in one that names the tool it is a slip.
 */
function warningsOf(
  policy: AnalysedPolicy,
  subject: Subject,
  found: ReturnType<typeof validatePolicies>,
): readonly string[] {
  const broken = found.some(({ severity }) => severity === 'error')
  if (broken || !policy.actionTools.has(subject.action)) return []
  const node = policy.reads.context.within.get('arguments')
  const undeclared = node === undefined ? [] : undeclaredReads(node, subject.argumentsType, 'context.arguments')
  return [
    ...found.filter(({ severity }) => severity === 'warning').map(({ message }) => message),
    ...undeclared.map(
      (place) =>
        `\`${place}\` is not declared by the tool's schema, so \`has\` is false and calls that carry it are denied`,
    ),
  ].map((message) => describe(policy, subject, message))
}

function undeclaredReads(node: ReadNode, type: RecordArgument, place: string): readonly string[] {
  return [...node.within].flatMap(([key, inner]) => {
    const declared = type.attributes.get(key)?.type
    if (declared === undefined) return [`${place}.${key}`]
    return declared.kind === 'Record' ? undeclaredReads(inner, declared, `${place}.${key}`) : []
  })
}

function describe({ source }: AnalysedPolicy, subject: Subject, message: string): string {
  const where =
    subject.tool === undefined ? `\`${subject.action}\` of ${subject.upstream}` : `tool \`${subject.action}\``
  return `${formatPlace(source)} policy \`${source.id}\` for ${where}: ${message}`
}
