import { z } from 'zod'
import { checked } from './checked.ts'
import { referenceFault } from './references.ts'
import { issuerFault, resourceFault, upstreamUrlFault } from './urls.ts'
import * as value from './values.ts'

const credentialsSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }).describe('The upstream asks for no credential.'),
  z
    .strictObject({
      type: z.literal('bearer'),
      token: checked(referenceFault).describe('Reference to the token, without the word `Bearer`.'),
    })
    .describe('A bearer token (RFC 6750) that the upstream issued for Sallyport.'),
  z
    .strictObject({
      type: z.literal('header'),
      name: checked(value.headerNameFault).describe(
        'The header, such as `X-Api-Key`. None that HTTP or MCP itself needs.',
      ),
      value: checked(referenceFault).describe('Reference to the whole value.'),
    })
    .describe("A key in a header of the upstream's own."),
  z
    .strictObject({
      type: z.literal('basic'),
      username: checked(value.usernameFault).describe('The user name; not secret.'),
      password: checked(referenceFault).describe('Reference to the password.'),
    })
    .describe('Basic authentication (RFC 7617).'),
  z
    .strictObject({
      type: z.literal('client_credentials'),
      issuer: checked(issuerFault).describe('The authorization server that issues tokens for the upstream.'),
      clientId: checked(value.clientIdFault).describe('Our client id there.'),
      clientSecret: checked(referenceFault).describe('Reference to our secret there.'),
      scopes: z.array(checked(value.scopeTokenFault)).max(64).default([]).describe('Scopes to ask for.'),
      resource: checked(resourceFault)
        .optional()
        .describe("The resource to ask for (RFC 8707). Default: the upstream's `url`."),
    })
    .describe('A short-lived token from an authorization server (RFC 6749 section 4.4).'),
  z
    .strictObject({ type: z.literal('env') })
    .describe('Secrets in `env` of a program; the default where there are any.'),
])

/** The greatest delay of a Node timer is 2^31 - 1 ms; a day is far below it. */
const dayMs = 86_400_000

const limitsSchema = z.strictObject({
  responseTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('Milliseconds until the first byte of an answer.'),
  idleTimeoutMs: z
    .int()
    .min(1000)
    .max(dayMs)
    .default(300_000)
    .describe('Longest silence within a stream, in milliseconds.'),
  messageBytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe('Largest message or event, in bytes.'),
})

export const upstreamSchema = z.strictObject({
  name: checked(value.upstreamNameFault).describe(
    'Unique; `^[a-z][a-z0-9-]{0,23}$`. Its endpoint is `{url}/mcp/{name}`.',
  ),
  url: checked(upstreamUrlFault).optional().describe('URL of its Streamable HTTP endpoint. Either this or `command`.'),
  insecureHttp: z
    .boolean()
    .default(false)
    .describe('`true` allows plain http beyond loopback: everybody on the way can read and change it.'),
  command: checked(value.commandFault).optional().describe('Program that speaks MCP over stdio; no shell reads it.'),
  args: z
    .array(checked(value.argumentFault).max(4096))
    .max(256)
    .default([])
    .describe('Arguments of `command`. Fixed; never a secret.'),
  env: z
    .record(z.string(), z.string().max(32_768))
    .default({})
    .describe(
      'Environment of `command`, which gets nothing else but our PATH, HOME, TMPDIR and LANG. A reference (`${NAME}`, `file:PATH`) is a secret, other text is not.',
    ),
  cwd: checked(value.folderFault).optional().describe('Working directory of `command`. Default: that of Sallyport.'),
  isolation: z
    .enum(['principal', 'shared'])
    .default('principal')
    .describe(
      "`principal`: a process for each principal. `shared`: one for all, so that callers may see each other's state.",
    ),
  idleStopMs: z
    .int()
    .min(1000)
    .max(dayMs)
    .default(600_000)
    .describe('A process unused for so many milliseconds is stopped.'),
  credentials: credentialsSchema
    .optional()
    .describe('The credential that Sallyport presents. Default: `none`; `env` where `env` holds references.'),
  adminTools: z
    .array(checked(value.toolNameFault))
    .max(1000)
    .default([])
    .describe('Tools that need the scope `{name}:admin` instead of what their annotations say.'),
  limits: limitsSchema.prefault({}).describe('Times and sizes.'),
})

export type UpstreamInput = z.output<typeof upstreamSchema>
