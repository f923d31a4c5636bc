/**
 * The shape of `sallyport.yaml`. Every key has a description, from which docs/configuration.md is made. What one value
 * can tell is checked here; what needs several of them, in the `check-*.ts` files.
 */
import { z } from 'zod'
import { checked } from './checked.ts'
import { addressFault, cidrFault } from './network.ts'
import { referenceFault } from './references.ts'
import { upstreamSchema } from './schema-upstreams.ts'
import { issuerFault, originFault } from './urls.ts'
import * as value from './values.ts'

/** Keys of the contract that this version does not know yet, and what to do until it does. */
export const laterKeys: Readonly<Record<string, string>> = {
  login: 'remove it; people cannot log in yet, so use `authorizationServer.clients` or `issuers`',
  tls: 'remove it; terminate TLS before Sallyport and let it listen on loopback',
  trustedProxies: 'remove it; the peer is always the address that connects',
  allowedOrigins: 'remove it; only pages of `url` itself may call',
}

const profiles = ['rfc9068', 'entra', 'keycloak', 'okta', 'introspection'] as const

const clientSchema = z.strictObject({
  id: checked(value.clientIdFault).describe('The client id. Policies name it `Sallyport::Agent::"{url}|{id}"`.'),
  secret: checked(referenceFault).describe('Reference to the secret that the client presents at the token endpoint.'),
  grants: z
    .array(z.enum(['client_credentials']))
    .min(1)
    .default(['client_credentials'])
    .describe('OAuth grants that the client may use.'),
  scopes: z
    .array(checked(value.scopeTokenFault))
    .max(400)
    .optional()
    .describe(
      'Scopes it may ask for: `{upstream}:read`, `{upstream}:write`, `{upstream}:admin`, `mcp:list`. Left out: every one.',
    ),
})

const issuerSchema = z.strictObject({
  issuer: checked(issuerFault).describe(
    'The issuer identifier, exactly as it stands in `iss`. https; http on loopback only.',
  ),
  profile: z
    .enum(profiles)
    .default('rfc9068')
    .describe('How its tokens say who, for whom and by which client. `introspection` is for opaque tokens (RFC 7662).'),
  endpoints: z
    .record(
      z.string(),
      z.strictObject({ audience: checked(value.audienceFault).describe('The `aud` that stands for this endpoint.') }),
    )
    .default({})
    .describe(
      "By upstream name: the audience of this issuer's tokens where it is not the canonical URI `{url}/mcp/{upstream}`.",
    ),
  personClaim: checked(value.claimFault)
    .optional()
    .describe('The claim that names the person. Default: `sub`; `oid` for entra, `uid` for okta.'),
  groupsClaim: checked(value.claimFault).default('groups').describe("The claim that lists the person's groups."),
  algorithms: z
    .array(checked(value.algorithmFault))
    .min(1)
    .max(value.signatureAlgorithms.length)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Signature algorithms accepted from this issuer. Pinned: a token cannot choose another.'),
  client: z
    .strictObject({
      id: checked(value.clientIdFault).describe('Our client id at the issuer.'),
      secret: checked(referenceFault).describe('Reference to our secret at the issuer.'),
    })
    .optional()
    .describe(
      'How Sallyport identifies itself at the introspection endpoint. Needed with, and only with, `profile: introspection`.',
    ),
})

export const configSchema = z.strictObject({
  url: checked(originFault).describe(
    'The public origin: scheme, host and port. Every audience derives from it. http on loopback only.',
  ),
  listen: checked(addressFault).default('127.0.0.1:8080').describe('Address for clients.'),
  ops: checked(addressFault).default('127.0.0.1:8081').describe('Address of `/healthz`, `/readyz` and `/metrics`.'),
  network: z
    .strictObject({
      allow: z
        .array(checked(cidrFault))
        .max(64)
        .default([])
        .describe(
          'Address ranges where hosts found in metadata of configured ones may resolve, beside public addresses.',
        ),
    })
    .prefault({})
    .describe('Which addresses may be reached.'),
  store: checked(value.storeFault)
    .default('sqlite:./data/sallyport.db')
    .describe('The database, `sqlite:PATH`. The audit log lies beside it as `audit.db`.'),
  rootKey: checked(value.rootKeyFault)
    .default('file:./keys/root.key')
    .describe(
      'The key that wraps every data key, `file:PATH`; not in the folder of the store. Made (0600) where there is no store yet.',
    ),
  authorizationServer: z
    .strictObject({
      clients: z.array(clientSchema).max(1000).default([]).describe('Clients that may get tokens here.'),
    })
    .optional()
    .describe('The embedded authorization server. Leave it out to accept only other issuers.'),
  issuers: z
    .array(issuerSchema)
    .max(50)
    .default([])
    .describe('Other authorization servers whose access tokens are accepted.'),
  upstreams: z
    .array(upstreamSchema)
    .max(200)
    .default([])
    .describe('The MCP servers behind Sallyport, each a protected resource of its own.'),
  policies: checked(value.folderFault).default('./policies').describe('Folder of the Cedar policies, `*.cedar`.'),
})

export type ClientInput = z.output<typeof clientSchema>
export type IssuerInput = z.output<typeof issuerSchema>
export type ConfigInput = z.output<typeof configSchema>
