/** The texts of a starter configuration. Pure. */
import { stringify } from 'yaml'
import { isLoopback } from '../config/urls.ts'

const starterClient = 'agent'
export const agentSecretFile = 'keys/agent.secret'

export type StarterUpstream =
  | { readonly name: string; readonly url: string }
  | { readonly name: string; readonly command: string; readonly args: readonly string[] }

/** @param url passed `originFault`. */
export function starterConfig(url: string, upstreams: readonly StarterUpstream[]): string {
  const { listen, ops } = addresses(new URL(url))
  const listed =
    upstreams.length === 0 ? exampleUpstreams : `upstreams:\n${indented(stringify(upstreams, { lineWidth: 0 }))}`
  return `# \`sallyport check\` tells everything that is wrong with this file; docs/configuration.md lists every key.

# The public origin. Every audience derives from it: a token for ${url}/mcp/NAME opens NAME alone.
url: ${url}
listen: ${listen}
ops: ${ops}

# The embedded authorization server, and the client that gets tokens from it (\`sallyport token\`).
authorizationServer:
  clients:
    - id: ${starterClient}
      secret: file:./${agentSecretFile}

# The MCP servers behind Sallyport. A secret is a reference, \`\${NAME}\` or \`file:PATH\`, and never stands here itself.
${listed}`
}

const exampleUpstreams = `upstreams: []
#  - name: vendor
#    url: https://mcp.vendor.example/mcp
#    credentials:
#      type: bearer
#      token: \${VENDOR_KEY}
#  - name: files
#    command: mcp-server-filesystem
#    args: [/srv/docs]
`

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

/** On loopback we listen where the URL says; elsewhere something in front of us does. */
function addresses(url: URL): { readonly listen: string; readonly ops: string } {
  if (!isLoopback(url.hostname)) return { listen: '127.0.0.1:8080', ops: '127.0.0.1:8081' }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  return { listen: `${url.hostname}:${port}`, ops: `127.0.0.1:${port < 65_535 ? port + 1 : port - 1}` }
}

/** Lists for the starter client, and tools that declare to change nothing. */
export function starterPolicy(url: string): string {
  const agent = `Sallyport::Agent::"${url}|${starterClient}"`
  return `// Who may do what, in Cedar (https://docs.cedarpolicy.com). What no policy permits is denied.
//
// A principal is a person, \`Sallyport::Person::"{issuer}|{sub}"\`, or an agent that acts for nobody but itself,
// \`Sallyport::Agent::"{issuer}|{client_id}"\`. The issuer of the embedded authorization server is \`url\`.

// The client \`${starterClient}\` may ask what there is. A list shows only what a call could be allowed for.
@id("${starterClient}-lists")
permit (
  principal == ${agent},
  action == Sallyport::Action::"list",
  resource
);

// It may call tools that say of themselves that they only read. That is the upstream's word (\`readOnlyHint\`): where you do not
// trust it, name tools one by one instead, as in \`action == Sallyport::Action::"files/read_text_file"\`.
@id("${starterClient}-reads")
permit (
  principal == ${agent},
  action in Sallyport::Action::"call",
  resource
)
when { resource.readOnly };
`
}

export const ignored = ['/data/', '/keys/', '/.sallyport/'] as const
