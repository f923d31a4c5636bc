import type { PolicyJson } from './cedar.ts'
import { entitiesInConditions, typesInConditions } from './expressions.ts'
import { entitiesOf, typeOf } from './scope.ts'
import { callGroup, entityType, namespace, toolOf, upstreamActions } from './vocabulary.ts'

/** What no tool can make right: types and actions that there are none of. Each with what to write instead. */
export function vocabularyProblems(policy: PolicyJson): readonly { readonly message: string; readonly help: string }[] {
  const scope = [policy.principal, policy.action, policy.resource]
  const entities = [...scope.flatMap((constraint) => entitiesOf(constraint)), ...entitiesInConditions(policy)]
  const types = [...scope.flatMap((constraint) => typeOf(constraint) ?? []), ...typesInConditions(policy)]
  const known = new Set<string>(Object.values(entityType))
  const problems = [...new Set([...entities.map(({ type }) => type), ...types])]
    .filter((type) => !known.has(type))
    .map((type) => ({
      message: `\`${type}\` is not an entity type`,
      help: known.has(`${namespace}::${type}`)
        ? `write \`${namespace}::${type}\``
        : `the types are ${[...known].join(', ')}`,
    }))
  for (const id of new Set(entities.filter(({ type }) => type === entityType.action).map(({ id }) => id))) {
    if (id === callGroup || upstreamActions.has(id) || toolOf({ type: entityType.action, id }) !== undefined) continue
    problems.push({
      message: `\`${id}\` is not an action`,
      help: `the actions are \`{upstream}/{tool}\`, ${[callGroup, ...upstreamActions].join(', ')}`,
    })
  }
  if (policy.action.op === '==' && entitiesOf(policy.action).some(({ id }) => id === callGroup)) {
    problems.push({
      message: 'no call has the action `call` itself',
      help: 'write `action in Sallyport::Action::"call"`',
    })
  }
  return problems
}
