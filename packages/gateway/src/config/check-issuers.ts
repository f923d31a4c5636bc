/** What needs more than one value of `url`, `authorizationServer` and `issuers`. Pure. */
import { listScope, upstreamScopes } from '../scopes.ts'
import { didYouMean } from './closest.ts'
import type { Draft } from './draft.ts'
import type { Report } from './problem.ts'

export function checkIssuers(draft: Draft, report: Report): void {
  const { url } = draft.settings
  if (draft.clients === undefined && draft.issuers.length === 0) {
    report([], {
      message: 'there is neither `authorizationServer` nor an entry in `issuers`, so nothing can tell who calls',
      help: 'add `authorizationServer` with a client, or the issuer of your access tokens',
    })
  }
  const seen = new Set<string>()
  for (const { path, value } of draft.issuers) {
    if (value.issuer === undefined) continue
    const same = comparable(value.issuer)
    if (seen.has(same))
      report([...path, 'issuer'], { message: 'is the issuer of another entry', help: 'merge the two entries' })
    seen.add(same)
    if (url !== undefined && same === comparable(url)) {
      report([...path, 'issuer'], {
        message: 'is Sallyport itself',
        help: 'use `authorizationServer` for tokens that are issued here',
      })
    }
  }
  checkIntrospection(draft, report)
  checkAudiences(draft, report)
}

/** An opaque token names no issuer, so it can only be shown to one: showing it to others would hand it to strangers. */
function checkIntrospection(draft: Draft, report: Report): void {
  let taken = draft.clients !== undefined ? '`authorizationServer`' : undefined
  for (const { path, value, given } of draft.issuers) {
    if (value.profile === undefined) continue
    if (value.profile !== 'introspection') {
      if (!given.has('client')) continue
      report([...path, 'client'], {
        message: 'has a meaning only with `profile: introspection`',
        help: 'remove it, or set that profile',
      })
      continue
    }
    if (value.client === undefined) {
      report([...path, 'client'], {
        message: 'is missing',
        help: 'give the `id` and `secret` for the introspection endpoint',
      })
    }
    if (given.has('algorithms')) {
      report([...path, 'algorithms'], { message: 'has no meaning with `profile: introspection`', help: 'remove it' })
    }
    if (taken !== undefined) {
      report([...path, 'profile'], {
        message: `opaque tokens name no issuer, and ${taken} issues them already`,
        help: 'keep one issuer of opaque tokens; the others have to issue JWTs',
      })
    }
    taken = 'another issuer'
  }
}

function checkAudiences(draft: Draft, report: Report): void {
  const names = draft.names.map(({ name }) => name)
  for (const { path, value } of draft.issuers) {
    const audiences = new Map<string, string>()
    for (const [name, { audience }] of Object.entries(value.endpoints ?? {})) {
      const place = [...path, 'endpoints', name]
      if (!names.includes(name)) {
        report(
          place,
          { message: 'names no upstream', help: didYouMean(name, presentable(draft), 'use the `name` of an upstream') },
          'key',
        )
      }
      const other = audiences.get(audience)
      if (other !== undefined || isOtherEndpoint(audience, name, draft.settings.url)) {
        report([...place, 'audience'], {
          message: `is the audience of ${other === undefined ? 'another endpoint' : `\`${other}\``} too, so a token for one would open the other`,
          help: 'have the issuer use an audience for each endpoint',
        })
      }
      audiences.set(audience, name)
    }
  }
}

function isOtherEndpoint(audience: string, name: string, url: string | undefined): boolean {
  if (url === undefined || audience === `${url}/mcp/${name}`) return false
  return audience === url || audience.startsWith(`${url}/`)
}

export function checkClients(draft: Draft, report: Report): void {
  const ids = new Set<string>()
  const scopes = scopesOf(draft.names.map(({ name }) => name))
  const shown = scopesOf(presentable(draft))
  for (const { path, value } of draft.clients ?? []) {
    if (value.id !== undefined && ids.has(value.id))
      report([...path, 'id'], { message: 'is the id of another client', help: 'give each client an id of its own' })
    if (value.id !== undefined) ids.add(value.id)
    for (const [index, scope] of (value.scopes ?? []).entries()) {
      if (scopes.includes(scope)) continue
      report([...path, 'scopes', index], {
        message: 'is not a scope that exists here',
        help: didYouMean(scope, shown, `use ${shown.slice(0, 8).join(', ')}`),
      })
    }
  }
}

function scopesOf(names: readonly string[]): readonly string[] {
  return [listScope, ...names.flatMap((name) => upstreamScopes(name).filter((scope) => scope !== listScope))]
}

/** The names that may be shown: a malformed one may be anything, also a secret in the wrong place. */
function presentable(draft: Draft): readonly string[] {
  return draft.upstreams.flatMap(({ value }) => value.name ?? [])
}

/** For telling whether two issuers are meant to be the same; tokens are compared exactly, elsewhere. */
export function comparable(issuer: string): string {
  return new URL(issuer).href.replace(/\/+$/, '')
}
