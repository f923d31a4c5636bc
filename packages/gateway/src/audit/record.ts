import type { EntryAgent, EntryCredential, EntryFields, EntryPerson } from './entry.ts'
import { inertString } from './inert-string.ts'

/**
 * A record is an entry on its way to the writer: the canonical bytes (RFC 8785) but for what only the writer knows, which
 * is the id, the sequence number and the commitment. It is cut where those belong. JSON holds no raw control character,
 * so these two never stand within a part.
 */
const partSeparator = '\u0001'
export const recordSeparator = '\n'

/** Most items of a list of an entry; what is over is left out. */
const listLimit = 64

/** The parts of a record, in order. Every member ends with its comma. */
export interface RecordParts {
  /** The tenant as a JSON string. */
  readonly tenant: string
  /** Members before `argumentsCommitment`. */
  readonly head: string
  /** Arguments in the form of RFC 8785, to be committed to, or empty. They go no further than the writer. */
  readonly arguments: string
  /** Members from `at` to before `id`. */
  readonly middle: string
  /** Members from `kind` to before `seq`. */
  readonly body: string
  /** Members from `status` to before `v`. */
  readonly tail: string
}

export function joinParts(parts: RecordParts): string {
  const { tenant, head, arguments: given, middle, body, tail } = parts
  const cut = partSeparator
  return `${tenant}${cut}${head}${cut}${given}${cut}${middle}${cut}${body}${cut}${tail}`
}

export function splitParts(record: string): RecordParts {
  const [tenant = '', head = '', given = '', middle = '', body = '', tail = ''] = record.split(partSeparator)
  return { tenant, head, arguments: given, middle, body, tail }
}

/** The canonical bytes of the entry, as text. @param commitment to the arguments; empty where there are none. */
export function assemble(parts: RecordParts, writer: string, seq: number, commitment: string): string {
  const committed = commitment === '' ? '' : `"argumentsCommitment":"${commitment}",`
  const id = `"id":"${entryId(writer, seq)}",`
  return `{${parts.head}${committed}${parts.middle}${id}${parts.body}"seq":${seq},${parts.tail}"v":1,"writer":"${writer}"}`
}

/** @param writer 1 to 32 characters of a-z, 0-9. @param seq from 1. */
export function entryId(writer: string, seq: number): string {
  return `${writer}-${seq}`
}

/**
 * The record of any entry. Strings are bounded and made inert (`inertString`); whether one is a secret is not checked.
 * @param at RFC 3339 with milliseconds, UTC.
 */
export function recordOf(fields: EntryFields, at: string): string {
  return joinParts({
    tenant: inertString(fields.tenant),
    head:
      list('actors', fields.actors, subjectJson) +
      (fields.agent === undefined ? '' : `"agent":${agentJson(fields.agent)},`) +
      list('approvals', fields.approvals, inertString) +
      text('argumentsCommitment', fields.argumentsCommitment),
    arguments: '',
    middle:
      text('at', at) +
      number('count', fields.count) +
      (fields.credential === undefined ? '' : `"credential":${credentialJson(fields.credential)},`) +
      text('decision', fields.decision) +
      text('detail', fields.detail),
    body:
      text('kind', fields.kind) +
      text('mandate', fields.mandate) +
      text('method', fields.method) +
      number('ms', fields.ms) +
      text('of', fields.of) +
      text('peer', fields.peer) +
      (fields.person === undefined ? '' : `"person":${subjectJson(fields.person)},`) +
      text('pin', fields.pin) +
      list('policies', fields.policies, inertString) +
      text('policyVersion', fields.policyVersion) +
      text('purpose', fields.purpose) +
      text('requestId', fields.requestId),
    tail:
      text('status', fields.status) +
      text('tenant', fields.tenant) +
      text('token', fields.token) +
      text('tool', fields.tool) +
      text('upstream', fields.upstream),
  })
}

export function text(name: keyof EntryFields | 'at', value: string | undefined): string {
  return value === undefined ? '' : `"${name}":${inertString(value)},`
}

export function number(name: keyof EntryFields, value: number | undefined): string {
  // ECMAScript's own form of a number is that of RFC 8785 section 3.2.2.3.
  return value === undefined || !Number.isFinite(value) ? '' : `"${name}":${String(value)},`
}

export function list<T>(name: keyof EntryFields, items: readonly T[] | undefined, json: (item: T) => string): string {
  return items === undefined ? '' : `"${name}":[${items.slice(0, listLimit).map(json).join(',')}],`
}

export function agentJson(agent: EntryAgent): string {
  return `{"clientId":${inertString(agent.clientId)},"issuer":${inertString(agent.issuer)}}`
}

export function subjectJson(subject: EntryPerson): string {
  return `{"issuer":${inertString(subject.issuer)},"subject":${inertString(subject.subject)}}`
}

export function credentialJson({ id, type, version }: EntryCredential): string {
  return `{"id":${inertString(id)},"type":${inertString(type)},"version":${inertString(version)}}`
}
