import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store, StoredTool } from '../../src/store/port.ts'

/** One database of the kind under test, fresh for each test. */
export interface Place {
  /** Opens it, as one more process would. */
  open(): Promise<Store>
  dispose(): Promise<void>
}

/** What every store does, whatever it is made of. */
export function storeContract(kind: string, place: () => Promise<Place>): void {
  describe(`the store, ${kind}`, () => {
    let here: Place
    let store: Store
    let second: Store
    beforeEach(async () => {
      here = await place()
      const both = await Promise.all([here.open(), here.open()])
      store = both[0]
      second = both[1]
    })
    afterEach(async () => {
      await store.close()
      await second.close()
      await here.dispose()
    })

    describe('catalogue', () => {
      test('gives back what was added, tenant by tenant', async () => {
        const pending = tool({
          name: 'b',
          state: 'pending',
          pendingReason: 'changed',
          acceptedAt: undefined,
          seenAt: 2,
        })
        await store.catalogue.add([tool({}), pending, tool({ tenant: 'other', name: 'c' })])
        expect(await second.catalogue.load('default')).toEqual([tool({}), pending])
        expect(await store.catalogue.load('other')).toEqual([tool({ tenant: 'other', name: 'c' })])
        expect(await store.catalogue.load('nobody')).toEqual([])
      })

      test('leaves a definition that is there as it is', async () => {
        await store.catalogue.add([tool({})])
        await store.catalogue.add([tool({ state: 'pending', definition: '{"name":"x"}', seenAt: 9 })])
        expect(await store.catalogue.load('default')).toEqual([tool({})])
      })

      test('adds nothing at all where there is nothing to add', async () => {
        await store.catalogue.add([])
        expect(await store.catalogue.load('default')).toEqual([])
      })

      test('threat 61: of two definitions first seen at once under one name, one is accepted and the other waits', async () => {
        await Promise.all([store.catalogue.add([tool({ hash: 'one' })]), second.catalogue.add([tool({ hash: 'two' })])])
        const states = (await store.catalogue.load('default')).map(({ state, pendingReason }) => [state, pendingReason])
        expect(states).toHaveLength(2)
        expect(states).toContainEqual(['accepted', undefined])
        expect(states).toContainEqual(['pending', 'changed'])
      })

      test('accepting supersedes the former definition', async () => {
        await store.catalogue.add([
          tool({}),
          tool({ hash: 'new', state: 'pending', pendingReason: 'changed', seenAt: 2 }),
        ])
        expect(await second.catalogue.accept('default', 'files', 'a', 'new', 7)).toBe(true)
        const loaded = await store.catalogue.load('default')
        expect(loaded.map(({ hash, state }) => [hash, state])).toEqual([
          ['first', 'superseded'],
          ['new', 'accepted'],
        ])
        expect(loaded[1]).toMatchObject({ acceptedAt: 7, pendingReason: undefined })
      })

      test('a definition that was superseded can be accepted again', async () => {
        await store.catalogue.add([tool({}), tool({ hash: 'new', state: 'pending', seenAt: 2, acceptedAt: undefined })])
        await store.catalogue.accept('default', 'files', 'a', 'new', 7)
        expect(await store.catalogue.accept('default', 'files', 'a', 'first', 8)).toBe(true)
        const loaded = await second.catalogue.load('default')
        expect(loaded.map(({ hash, state, acceptedAt }) => [hash, state, acceptedAt])).toEqual([
          ['first', 'accepted', 8],
          ['new', 'superseded', 7],
        ])
        expect(await second.catalogue.accept('default', 'files', 'a', 'first', 9)).toBe(false)
      })

      test('the revision is another one after each change that somebody else made, and the same where nobody did', async () => {
        let known = await store.catalogue.revision()
        const changed = async (): Promise<boolean> => {
          const before = known
          known = await store.catalogue.revision()
          return known !== before
        }
        expect(await changed()).toBe(false)
        const both = [tool({}), tool({ hash: 'new', state: 'pending', seenAt: 2, acceptedAt: undefined })]
        await second.catalogue.add(both)
        expect(await changed()).toBe(true)
        await second.catalogue.load('default')
        await store.catalogue.load('default')
        expect(await changed()).toBe(false)
        // there and back in one and the same millisecond, by which no count and no time differs
        for (const hash of ['new', 'first', 'new']) {
          expect(await second.catalogue.accept('default', 'files', 'a', hash, 7)).toBe(true)
          expect(await changed()).toBe(true)
        }
        expect(await second.catalogue.accept('default', 'files', 'a', 'none', 7)).toBe(false)
        expect(await changed()).toBe(false)
      })

      test.each([
        ['an accepted one', ['default', 'files', 'a', 'first']],
        ['an unknown hash', ['default', 'files', 'a', 'none']],
        ['another upstream', ['default', 'other', 'a', 'new']],
        ['another tenant', ['other', 'files', 'a', 'new']],
      ] as const)(
        'accepts neither what is accepted nor what is unknown: %s',
        async (_, [tenant, upstream, name, hash]) => {
          const before = [tool({}), tool({ hash: 'new', state: 'pending', seenAt: 2, acceptedAt: undefined })]
          await store.catalogue.add(before)
          expect(await store.catalogue.accept(tenant, upstream, name, hash, 7)).toBe(false)
          expect(await store.catalogue.load('default')).toEqual(before)
        },
      )
    })

    describe('oauth', () => {
      test('finds what was saved until it expires', async () => {
        await store.oauth.upsert('AccessToken', 'h', '{"a":1}', 'g', 100)
        await store.oauth.upsert('Client', 'c', '{}', undefined, undefined)
        expect(await second.oauth.find('AccessToken', 'h', 99)).toEqual({ payload: '{"a":1}', consumedAt: undefined })
        expect(await store.oauth.find('AccessToken', 'h', 100)).toBeUndefined()
        expect(await store.oauth.find('RefreshToken', 'h', 99)).toBeUndefined()
        expect(await store.oauth.find('Client', 'c', 1e12)).toEqual({ payload: '{}', consumedAt: undefined })
      })

      test('threat 44: of many that consume one code at once, one wins', async () => {
        await store.oauth.upsert('AuthorizationCode', 'h', '{}', 'g', 100)
        const won = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            (index % 2 === 0 ? store : second).oauth.consume('AuthorizationCode', 'h', 50),
          ),
        )
        expect(won.filter(Boolean)).toHaveLength(1)
        expect(await store.oauth.find('AuthorizationCode', 'h', 51)).toMatchObject({ consumedAt: 50 })
      })

      test('threat 44: what was consumed stays consumed when it is saved again', async () => {
        await store.oauth.upsert('AuthorizationCode', 'h', '{}', 'g', 100)
        await store.oauth.consume('AuthorizationCode', 'h', 50)
        await store.oauth.upsert('AuthorizationCode', 'h', '{"b":2}', 'g', 200)
        expect(await store.oauth.find('AuthorizationCode', 'h', 150)).toEqual({ payload: '{"b":2}', consumedAt: 50 })
        expect(await store.oauth.consume('AuthorizationCode', 'h', 150)).toBe(false)
      })

      test('consumes neither what is unknown nor what has expired', async () => {
        await store.oauth.upsert('AuthorizationCode', 'h', '{}', 'g', 100)
        expect(await store.oauth.consume('AuthorizationCode', 'h', 100)).toBe(false)
        expect(await store.oauth.consume('AuthorizationCode', 'other', 50)).toBe(false)
      })

      test('destroys one, and revokes all of a grant', async () => {
        await store.oauth.upsert('AccessToken', 'a', '{}', 'g', 100)
        await store.oauth.upsert('RefreshToken', 'r', '{}', 'g', 100)
        await store.oauth.upsert('AccessToken', 'b', '{}', 'other', 100)
        await store.oauth.upsert('AccessToken', 'c', '{}', undefined, 100)
        await store.oauth.destroy('AccessToken', 'c')
        await store.oauth.revokeByGrantId('g')
        expect(await second.oauth.find('AccessToken', 'a', 1)).toBeUndefined()
        expect(await second.oauth.find('RefreshToken', 'r', 1)).toBeUndefined()
        expect(await second.oauth.find('AccessToken', 'c', 1)).toBeUndefined()
        expect(await second.oauth.find('AccessToken', 'b', 1)).toBeDefined()
      })

      test('sweeps what has expired and nothing else', async () => {
        for (let index = 0; index < 1200; index++)
          await store.oauth.upsert('AccessToken', `old-${index}`, '{}', 'g', 100)
        await store.oauth.upsert('AccessToken', 'live', '{}', 'g', 101)
        await store.oauth.upsert('Client', 'for-ever', '{}', undefined, undefined)
        expect(await store.oauth.sweep(100)).toBe(1200)
        expect(await store.oauth.sweep(100)).toBe(0)
        expect(await store.oauth.find('AccessToken', 'live', 100)).toBeDefined()
        expect(await store.oauth.find('Client', 'for-ever', 100)).toBeDefined()
      })
    })

    describe('sealed', () => {
      test('of two writers one wins, and both read what is stored', async () => {
        const [one, two] = await Promise.all([
          store.sealed.putIfAbsent('default', 'signing-key', Buffer.from('one')),
          second.sealed.putIfAbsent('default', 'signing-key', Buffer.from('two')),
        ])
        expect(one).toEqual(two)
        expect(one.version).toBe(1)
        expect(Buffer.isBuffer(one.ciphertext)).toBe(true)
        expect(await store.sealed.get('default', 'signing-key')).toEqual(one)
      })

      test('threat 81: is kept by tenant and name', async () => {
        await store.sealed.putIfAbsent('default', 'key', Buffer.from([0, 255, 1]))
        expect(await store.sealed.get('other', 'key')).toBeUndefined()
        expect(await store.sealed.get('default', 'key2')).toBeUndefined()
        expect((await second.sealed.get('default', 'key'))?.ciphertext).toEqual(Buffer.from([0, 255, 1]))
      })
    })

    test('answers a ping, and keeps everything over a restart', async () => {
      await store.catalogue.add([tool({})])
      await store.close()
      store = await here.open()
      await store.ping()
      expect(await store.catalogue.load('default')).toEqual([tool({})])
    })

    test('says that it is gone once it is closed', async () => {
      await second.close()
      await expect(second.ping()).rejects.toThrow()
      second = await here.open()
    })
  })
}

function tool(differing: Partial<StoredTool>): StoredTool {
  return {
    tenant: 'default',
    upstream: 'files',
    name: 'a',
    hash: 'first',
    definition: '{"name":"a"}',
    state: 'accepted',
    pendingReason: undefined,
    seenAt: 1,
    acceptedAt: 1,
    ...differing,
  }
}
