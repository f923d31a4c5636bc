import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { intentRecord, notMadeRecord, outcomeRecord } from '../../src/audit/call-records.ts'
import type { Entry, EntryFields } from '../../src/audit/entry.ts'
import { assemble, recordOf, splitParts } from '../../src/audit/record.ts'
import type { EgressResult } from '../../src/egress/port.ts'
import type { CallKind } from '../../src/mcp/call.ts'
import { refuse } from '../../src/refusal.ts'
import { type Intent, mint } from '../../src/stages.ts'
import { answered, authorizedOf, callOf, plan, principal } from './call.ts'

const at = '2026-11-20T11:12:13.014Z'
const text = fc.string({ unit: 'binary', maxLength: 30 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const subject = fc.record({ issuer: text, subject: text })
const fields: fc.Arbitrary<EntryFields> = fc.record({
  kind: fc.constantFrom('intent', 'attempt', 'outcome', 'refusal', 'transit', 'event'),
  requestId: text,
  tenant: text,
  person: maybe(subject),
  agent: maybe(fc.record({ issuer: text, clientId: text })),
  actors: maybe(fc.array(subject, { maxLength: 4 })),
  method: maybe(text),
  upstream: maybe(text),
  tool: maybe(text),
  pin: maybe(text),
  argumentsCommitment: maybe(text),
  purpose: maybe(text),
  mandate: maybe(text),
  decision: maybe(fc.constantFrom('allow', 'deny', 'require_approval')),
  policies: maybe(fc.array(text, { maxLength: 5 })),
  policyVersion: maybe(text),
  approvals: maybe(fc.array(text, { maxLength: 3 })),
  credential: maybe(fc.record({ type: text, id: text, version: text })),
  status: maybe(text),
  detail: maybe(text),
  of: maybe(text),
  token: maybe(text),
  peer: maybe(text),
  count: maybe(fc.nat()),
  ms: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
})

const written = (record: string, commitment = '') => assemble(splitParts(record), 'a1', 7, commitment)
const entryOf = (record: string, commitment = '') => JSON.parse(written(record, commitment)) as Entry

describe('recordOf', () => {
  test('writes canonical bytes of every entry, whatever its strings hold', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const canonical = written(recordOf(given, at))
        expect(canonicalize(JSON.parse(canonical))).toBe(canonical)
      }),
    )
  })

  test('writes every member that it was given, and its own', () => {
    const given: EntryFields = {
      kind: 'event',
      requestId: 'r',
      tenant: 't',
      person: { issuer: 'i', subject: 's' },
      agent: { issuer: 'i', clientId: 'c' },
      actors: [{ issuer: 'i', subject: 'a' }],
      method: 'm',
      upstream: 'u',
      tool: 'o',
      pin: 'p',
      argumentsCommitment: 'sha256:x',
      purpose: 'because',
      mandate: 'm1',
      decision: 'deny',
      policies: ['x', 'y'],
      policyVersion: 'v',
      approvals: ['ap'],
      credential: { type: 'bearer', id: 'u/bearer', version: '1' },
      status: 'ok',
      detail: 'd',
      of: 'a1-3',
      token: 'ff',
      peer: '::1',
      count: 3,
      ms: 1.5,
    }
    expect(entryOf(recordOf(given, at))).toEqual({ ...given, v: 1, id: 'a1-7', writer: 'a1', seq: 7, at })
  })

  test('takes of a person and an agent what an entry has, and nothing else that the object holds', () => {
    const entry = entryOf(
      recordOf({ kind: 'event', requestId: 'r', tenant: 't', person: principal.person, agent: principal.agent }, at),
    )
    expect(entry.person).toEqual({ issuer: 'https://login.example.com', subject: 'alice' })
  })

  test('bounds lists', () => {
    const policies = Array.from({ length: 100 }, (_, index) => `p${index}`)
    expect(entryOf(recordOf({ kind: 'event', requestId: 'r', tenant: 't', policies }, at)).policies).toHaveLength(64)
  })
})

describe('intentRecord', () => {
  test('equals the record of the same fields', () => {
    fc.assert(
      fc.property(text, text, text, maybe(text), (requestId, tool, peer, causedBy) => {
        const call = callOf({ requestId, peer, causedBy, target: { action: 'call', tool }, arguments: undefined })
        const authorized = authorizedOf(call)
        const { person, agent, actors, tenant, tokenSha256: token } = principal
        const same: EntryFields = {
          kind: 'intent',
          requestId,
          tenant,
          person,
          agent,
          actors,
          token,
          method: 'tools/call',
          upstream: 'files',
          tool,
          pin: authorized.pin,
          decision: 'allow',
          policies: authorized.decision.policies,
          policyVersion: authorized.decision.version,
          credential: plan,
          of: causedBy,
          peer,
        }
        expect(intentRecord(authorized, plan, at)).toBe(recordOf(same, at))
      }),
    )
  })

  test('keeps the place of the commitment, and hands over the canonical arguments', () => {
    const record = intentRecord(authorizedOf(callOf({ arguments: { b: 1, a: '\n' } })), plan, at)
    expect(splitParts(record).arguments).toBe('{"a":"\\n","b":1}')
    const canonical = written(record, 'sha256:00')
    expect(canonicalize(JSON.parse(canonical))).toBe(canonical)
    expect(entryOf(record, 'sha256:00').argumentsCommitment).toBe('sha256:00')
  })

  test('an agent that acts for nobody has no person; what is no call of a tool has no tool', () => {
    const call = callOf({ method: 'tools/list', target: { action: 'list' }, arguments: undefined })
    const entry = entryOf(
      intentRecord(
        authorizedOf(call, { principal: { ...principal, person: undefined, actors: [] }, pin: undefined }),
        plan,
        at,
      ),
    )
    expect(entry).not.toHaveProperty('person')
    expect(entry).not.toHaveProperty('tool')
    expect(entry).not.toHaveProperty('pin')
    expect(entry.actors).toEqual([])
  })
})

describe('outcomeRecord', () => {
  const intentOf = (kind: CallKind) =>
    mint<Intent>({ upstream: 'files', entryId: 'a1-6', authorized: authorizedOf(callOf({ kind })), plan, startedMs: 0 })
  const refused = (sent: boolean): EgressResult => {
    return { kind: 'refused', refusal: refuse('upstream_timeout', 'no answer in 30 s'), sent, status: undefined }
  }

  test.each([
    ['an answer', 'request', answered, 'ok', undefined],
    ['an error', 'request', { ...answered, isError: true }, 'error', undefined],
    ['taken', 'notification', { kind: 'accepted', status: 202 }, 'ok', undefined],
    ['a stream that ended', 'stream', { kind: 'ended', status: 200 }, 'ok', undefined],
    ['a request without a response', 'request', { kind: 'ended', status: 200 }, 'unknown', undefined],
    [
      'refused after sending',
      'request',
      refused(true),
      'upstream_timeout',
      'sent, and may have run: no answer in 30 s',
    ],
    ['refused before sending', 'request', refused(false), 'upstream_timeout', 'nothing was sent: no answer in 30 s'],
  ] as [string, CallKind, EgressResult, string, string | undefined][])('%s', (_, kind, result, status, detail) => {
    const entry = entryOf(outcomeRecord(intentOf(kind), result, at, 12.34))
    expect(entry).toEqual({
      v: 1,
      id: 'a1-7',
      writer: 'a1',
      seq: 7,
      at,
      kind: 'outcome',
      requestId: 'req-1',
      tenant: 'default',
      upstream: 'files',
      of: 'a1-6',
      status,
      ...(detail === undefined ? {} : { detail }),
      ms: 12.34,
    })
  })

  test('what became durable too late was not made', () => {
    const entry = entryOf(notMadeRecord(authorizedOf(), 'a1-6', at))
    expect(entry).toMatchObject({
      kind: 'outcome',
      of: 'a1-6',
      status: 'log_unavailable',
      tenant: 'default',
      upstream: 'files',
    })
    expect(entry).not.toHaveProperty('ms')
  })
})
