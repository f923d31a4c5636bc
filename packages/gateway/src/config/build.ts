/** From an input without faults and its resolved secrets to the configuration. Pure. */
import path from 'node:path'
import type { Secret } from '../secrets/secret.ts'
import { placeOf } from './check-places.ts'
import { environmentOf } from './environment.ts'
import { parseAddress } from './network.ts'
import type { Path } from './problem.ts'
import type { ConfigInput, IssuerInput } from './schema.ts'
import type { UpstreamInput } from './schema-upstreams.ts'
import type { Address, ClientConfig, Config, CredentialConfig, IssuerConfig, UpstreamConfig } from './types.ts'

/** Finds the secret that this place refers to. */
export type SecretAt = (path: Path) => Secret

const personClaims: Readonly<Record<IssuerInput['profile'], string>> = {
  rfc9068: 'sub',
  entra: 'oid',
  keycloak: 'sub',
  okta: 'uid',
  introspection: 'sub',
}

/** @param file absolute path of the configuration file, to whose folder every path is relative. */
export function buildConfig(input: ConfigInput, file: string, secretAt: SecretAt): Config {
  const folder = path.dirname(file)
  const server = input.authorizationServer
  return {
    url: input.url,
    listen: addressOf(input.listen),
    ops: addressOf(input.ops),
    network: input.network,
    store: { kind: 'sqlite', path: placeOf(input.store, folder) },
    rootKey: placeOf(input.rootKey, folder),
    authorizationServer:
      server === undefined
        ? undefined
        : {
            clients: server.clients.map(({ id, grants, scopes }, index): ClientConfig => {
              return { id, secret: secretAt(['authorizationServer', 'clients', index, 'secret']), grants, scopes }
            }),
          },
    issuers: input.issuers.map((issuer, index) => buildIssuer(issuer, ['issuers', index], secretAt)),
    upstreams: input.upstreams.map((upstream, index) =>
      buildUpstream(upstream, ['upstreams', index], folder, secretAt),
    ),
    policies: path.resolve(folder, input.policies),
    file,
  }
}

function buildIssuer(input: IssuerInput, place: Path, secretAt: SecretAt): IssuerConfig {
  const { issuer, profile, endpoints, groupsClaim, algorithms, client } = input
  return {
    issuer,
    profile,
    endpoints,
    personClaim: input.personClaim ?? personClaims[profile],
    groupsClaim,
    algorithms,
    client: client === undefined ? undefined : { id: client.id, secret: secretAt([...place, 'client', 'secret']) },
  }
}

function buildUpstream(input: UpstreamInput, place: Path, folder: string, secretAt: SecretAt): UpstreamConfig {
  const { name, adminTools, limits, url, insecureHttp, command = '', args, cwd, isolation, idleStopMs } = input
  const credentials = buildCredentials(input, place, secretAt)
  if (url !== undefined) return { kind: 'http', name, credentials, adminTools, limits, url, insecureHttp }
  return {
    kind: 'stdio',
    name,
    credentials,
    adminTools,
    limits,
    // A bare name is looked up in PATH; a path is relative to the configuration like every other one.
    command: command.includes('/') ? path.resolve(folder, command) : command,
    args,
    env: environmentOf(input.env).plain,
    cwd: cwd === undefined ? undefined : path.resolve(folder, cwd),
    isolation,
    idleStopMs,
  }
}

function buildCredentials(input: UpstreamInput, place: Path, secretAt: SecretAt): CredentialConfig {
  const { credentials, url = '' } = input
  const secret = (key: string): Secret => secretAt([...place, 'credentials', key])
  switch (credentials?.type) {
    case 'bearer':
      return { type: 'bearer', token: secret('token') }
    case 'header':
      return { type: 'header', name: credentials.name, value: secret('value') }
    case 'basic':
      return { type: 'basic', username: credentials.username, password: secret('password') }
    case 'client_credentials': {
      const { issuer, clientId, scopes, resource = url } = credentials
      return { type: 'client_credentials', issuer, clientId, clientSecret: secret('clientSecret'), scopes, resource }
    }
    case 'none':
    case 'env':
    case undefined: {
      const names = environmentOf(input.env).secrets
      if (names.length === 0) return { type: 'none' }
      return {
        type: 'env',
        variables: Object.fromEntries(names.map((name) => [name, secretAt([...place, 'env', name])])),
      }
    }
  }
}

function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new Error('an address was accepted that cannot be parsed')
  return address
}
