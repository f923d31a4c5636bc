import type { PolicyJson, TypeAndId } from './cedar.ts'
import { entitiesInConditions, typesInConditions } from './expressions.ts'
import { aimsAt, entitiesOf, typeOf } from './scope.ts'
import { callGroup, entityType, namespace, toolOf, upstreamActions } from './vocabulary.ts'

export interface VocabularyProblem {
  readonly message: string
  readonly help: string
}

/** What no tool can make right: words that there are none of, and heads that hold for nothing. */
export function vocabularyProblems(policy: PolicyJson): readonly VocabularyProblem[] {
  const scope = [policy.principal, policy.action, policy.resource]
  const entities = [...scope.flatMap((constraint) => entitiesOf(constraint)), ...entitiesInConditions(policy)]
  const types = [...scope.flatMap((constraint) => typeOf(constraint) ?? []), ...typesInConditions(policy)]
  const problems = [...unknownTypes([...entities.map(({ type }) => type), ...types]), ...unknownActions(entities)]
  // a head that holds for nothing is, in a forbid, protection that is not there
  return problems.length > 0 ? problems : [...misplaced(policy), ...neverTogether(policy)].slice(0, 1)
}

function unknownTypes(types: readonly string[]): readonly VocabularyProblem[] {
  const known = new Set<string>(Object.values(entityType))
  return [...new Set(types)]
    .filter((type) => !known.has(type))
    .map((type) => ({
      message: `\`${type}\` is not an entity type`,
      help: known.has(`${namespace}::${type}`)
        ? `write \`${namespace}::${type}\``
        : `the types are ${[...known].join(', ')}`,
    }))
}

function unknownActions(entities: readonly TypeAndId[]): readonly VocabularyProblem[] {
  const ids = new Set(entities.filter(({ type }) => type === entityType.action).map(({ id }) => id))
  const isAction = (id: string): boolean => {
    return id === callGroup || upstreamActions.has(id) || toolOf({ type: entityType.action, id }) !== undefined
  }
  return [...ids]
    .filter((id) => !isAction(id))
    .map((id) => ({
      message: `\`${id}\` is not an action`,
      help: `the actions are \`{upstream}/{tool}\`, ${[callGroup, ...upstreamActions].join(', ')}`,
    }))
}

function misplaced({ principal, action, resource }: PolicyJson): readonly VocabularyProblem[] {
  const { person, agent, group, upstream, tool } = entityType
  const only = (constraint: Parameters<typeof entitiesOf>[0], allowed: readonly string[]): boolean => {
    return [...entitiesOf(constraint).map(({ type }) => type), typeOf(constraint) ?? allowed[0]].every((type) => {
      return type !== undefined && allowed.includes(type)
    })
  }
  const problems: VocabularyProblem[] = []
  const isGroup = principal.op === '==' && entitiesOf(principal).some(({ type }) => type === group)
  if (isGroup || typeOf(principal) === group || !only(principal, [person, agent, group])) {
    problems.push({
      message: 'no principal is of this type',
      help: `name a ${person} or ${agent}, or write \`principal in ${group}::…\``,
    })
  }
  if (!only(action, [entityType.action])) {
    problems.push({ message: 'no action is of this type', help: `name actions as \`${entityType.action}::"…"\`` })
  }
  if (action.op === '==' && entitiesOf(action).some(({ id }) => id === callGroup)) {
    problems.push({
      message: 'no call has the action `call` itself',
      help: `write \`action in ${entityType.action}::"call"\``,
    })
  }
  if (!only(resource, [tool, upstream])) {
    problems.push({ message: 'no resource is of this type', help: `name a ${tool} or ${upstream}` })
  }
  return problems
}

const toolsHelp = `calls act on a ${entityType.tool}, such as \`resource in ${entityType.upstream}::"…"\`; list, read, subscribe, prompt and complete act on a ${entityType.upstream}`

function neverTogether(policy: PolicyJson): readonly VocabularyProblem[] {
  const upstreams = entitiesOf(policy.resource).map((entity) => toolOf(entity)?.upstream ?? entity.id)
  const tools = entitiesOf(policy.resource).flatMap((entity) => toolOf(entity)?.tool ?? [])
  const actions = entitiesOf(policy.action)
  const candidates = (actions.length === 0 ? [callGroup, ...upstreamActions] : actions.map(({ id }) => id)).flatMap(
    (id) => {
      const named = toolOf({ type: entityType.action, id })
      if (named !== undefined) return [{ action: id, ...named }]
      const [upstream = 'any', tool = 'any'] = [upstreams[0], tools[0]]
      // where every call is meant, the one tool that the resource names stands for them
      return [
        id === callGroup
          ? { action: `${upstream}/${tool}`, upstream, tool }
          : { action: id, upstream, tool: undefined },
      ]
    },
  )
  if (candidates.some((aim) => aimsAt(policy, aim))) return []
  return [{ message: 'the action and the resource never go together', help: toolsHelp }]
}
