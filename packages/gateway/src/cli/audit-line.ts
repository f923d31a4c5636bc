/** One entry of the log as one line for a person. Pure. */
import type { Entry } from '../audit/entry.ts'
import { visible } from '../config/visible.ts'

/**
 * Every text of an entry may come from a client or an upstream, so each is made visible, and none can start a line or
 * look like another column.
 */
export function auditLine(entry: Entry): string {
  const { at, kind, requestId, upstream, tool, method, decision, status, credential, detail, of, peer, count, ms } =
    entry
  const target = [upstream, tool ?? method]
    .filter((part) => part !== undefined)
    .map(word)
    .join('/')
  const parts: readonly (string | undefined)[] = [
    word(at),
    word(entry.id),
    word(kind).padEnd(7),
    word(requestId),
    target === '' ? '-' : target,
    status === undefined ? undefined : word(status),
    decision === undefined ? undefined : `decision=${word(decision)}`,
    entry.person === undefined ? undefined : `person=${word(`${entry.person.issuer}|${entry.person.subject}`)}`,
    entry.agent === undefined ? undefined : `agent=${word(`${entry.agent.issuer}|${entry.agent.clientId}`)}`,
    credential === undefined
      ? undefined
      : `credential=${word([credential.id, credential.version].filter((part) => part !== '').join('@'))}`,
    of === undefined ? undefined : `of=${word(of)}`,
    peer === undefined ? undefined : `peer=${word(peer)}`,
    count === undefined ? undefined : `count=${word(count)}`,
    ms === undefined ? undefined : `ms=${word(ms)}`,
    detail === undefined ? undefined : `detail=${quoted(detail)}`,
  ]
  return parts.filter((part) => part !== undefined).join(' ')
}

/** One column: quoted where it would not look like one word. */
function word(value: string | number): string {
  const text = String(value)
  return /^[^\s"=\\]+$/.test(text) && visible(text) === text ? text : quoted(text)
}

function quoted(text: string): string {
  return `"${visible(text, 500).replaceAll('"', '\\"')}"`
}
