import { algorithmNames, algorithmOf } from './algorithms.ts'
import type { IssuerSettings, OpaqueLookup } from './types.ts'

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Refuses settings under which it could not be told which tokens to accept.
 * @throws {TypeError} with what is wrong and what to do.
 */
export function checkIssuerSettings(issuers: readonly IssuerSettings[], opaque: OpaqueLookup | undefined): void {
  const seen = new Set<string>()
  for (const settings of issuers) {
    const { issuer } = settings
    checkIssuerUrl(issuer)
    if (seen.has(issuer)) throw new TypeError(`the issuer \`${issuer}\` is configured twice; leave one out`)
    seen.add(issuer)
    if (settings.personClaim === '' || settings.groupsClaim === '') {
      throw new TypeError(`the issuer \`${issuer}\` has an empty claim name; name the claims of person and groups`)
    }
    if (settings.profile === 'introspection') checkClient(settings)
    else checkAlgorithms(settings)
  }
  const opaqueIssuers = issuers
    .filter(({ profile }) => profile === 'introspection')
    .map(({ issuer }) => `\`${issuer}\``)
  if (opaque !== undefined) opaqueIssuers.push('the embedded server')
  if (opaqueIssuers.length > 1) {
    throw new TypeError(
      `opaque tokens name no issuer, but ${opaqueIssuers.join(' and ')} issue them; keep one, and let others issue JWTs`,
    )
  }
}

function checkIssuerUrl(issuer: string): void {
  if (!URL.canParse(issuer)) throw new TypeError(`the issuer \`${issuer}\` is no URL; write its \`issuer\` exactly`)
  const { protocol, hostname, username, search, hash } = new URL(issuer)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopbackHosts.has(hostname))) {
    throw new TypeError(`the issuer \`${issuer}\` does not begin with \`https:\`; http is for loopback alone`)
  }
  if (username !== '' || search !== '' || hash !== '') {
    throw new TypeError(
      `the issuer \`${issuer}\` has a user name, query or fragment, which RFC 8414 section 2 excludes`,
    )
  }
}

function checkClient({ issuer, client }: IssuerSettings): void {
  if (client === undefined || client.id === '') {
    throw new TypeError(
      `the issuer \`${issuer}\` is asked by introspection, but there is no \`client\` to ask as; give one`,
    )
  }
}

function checkAlgorithms({ issuer, algorithms }: IssuerSettings): void {
  const known = algorithmNames().join(', ')
  if (algorithms.length === 0) throw new TypeError(`the issuer \`${issuer}\` has no algorithms; give some of ${known}`)
  const unknown = algorithms.find((name) => algorithmOf(name) === undefined)
  if (unknown !== undefined) {
    throw new TypeError(`the issuer \`${issuer}\` has the algorithm \`${unknown}\`; give some of ${known}`)
  }
}
