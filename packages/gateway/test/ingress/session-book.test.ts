import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Sessions } from '../../src/ingress/sessions.ts'

const owner = (name = 'alice') => ({ principalKey: name, audience: 'a', upstream: 'vendor' })

describe('the book of sessions', () => {
  let now = 0
  const book = (limits = {}) =>
    new Sessions({ monotonic: () => now }, randomBytes, { total: 4, perPrincipal: 2, idleMs: 1_000, ...limits })
  const open = (sessions: Sessions, name?: string) =>
    sessions.open(sessions.newId(), owner(name), '2025-11-25', undefined)

  test('an id is 128 bits, as visible ASCII', () => {
    const ids = Array.from({ length: 100 }, () => book().newId())
    expect(new Set(ids).size).toBe(100)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test('is found by its owner alone', () => {
    const sessions = book()
    const session = open(sessions)
    expect(sessions.find(session.id, owner())).toBe(session)
    expect(sessions.find(session.id, owner('bob'))).toBeUndefined()
    expect(sessions.find(session.id, { ...owner(), audience: 'b' })).toBeUndefined()
    expect(sessions.find(session.id, { ...owner(), upstream: 'files' })).toBeUndefined()
    expect(sessions.find('other', owner())).toBeUndefined()
    sessions.end(session)
    expect(sessions.find(session.id, owner())).toBeUndefined()
  })

  test('ends when idle', () => {
    now = 0
    const sessions = book()
    const [kept, lost] = [open(sessions), open(sessions)]
    now = 600
    expect(sessions.find(kept.id, owner())).toBe(kept)
    now = 1_200
    expect(sessions.find(lost.id, owner())).toBeUndefined()
    expect(sessions.find(kept.id, owner())).toBe(kept)
    now = 2_200
    open(sessions, 'bob')
    expect(sessions.size).toBe(1)
  })

  test('of one principal the one idle longest gives way, and so of all', () => {
    now = 0
    const sessions = book()
    const [first, second] = [open(sessions), open(sessions)]
    sessions.find(first.id, owner())
    open(sessions)
    expect(sessions.find(second.id, owner())).toBeUndefined()
    expect(sessions.find(first.id, owner())).toBe(first)
    for (const name of ['b', 'c', 'd', 'e', 'f']) open(sessions, name)
    expect(sessions.size).toBe(4)
    expect(sessions.find(first.id, owner())).toBeUndefined()
  })
})
