import { test } from 'vitest'
import { expectProblems, http, issuer, type Mistake, stdio } from './mistakes.ts'
import { canary } from './written.ts'

const mistakes: readonly Mistake[] = [
  // upstreams
  [
    'a name in upper case',
    http('adminTools: []', canary.toUpperCase()),
    'upstreams[0].name: is not a name that can stand in a URL',
  ],
  [
    'a name twice',
    `${http('adminTools: []')}  - { name: a, url: "https://b.example.com" }`,
    'upstreams[1].name: is the name of another upstream',
  ],
  ['url and command', http('command: prog'), 'upstreams[0]: has both `url` and `command`'],
  ['neither url nor command', 'upstreams: [{ name: a }]', 'upstreams[0]: has neither `url` nor `command`'],
  [
    'plain http',
    'upstreams: [{ name: a, url: "http://up.example.com" }]',
    'upstreams[0].url: is plain http beyond loopback',
  ],
  [
    'a repaired URL',
    'upstreams: [{ name: a, url: "https:/\\\\up.example.com" }]',
    'upstreams[0].url: is not an absolute http or https URL',
  ],
  [
    'a URL with a password',
    `upstreams: [{ name: a, url: "https://u:${canary}@up.example.com" }]`,
    'upstreams[0].url: holds a user name or password',
  ],
  [
    'a URL with a key',
    `upstreams: [{ name: a, url: "https://up.example.com/?api_key=${canary}" }]`,
    'upstreams[0].url: has a query parameter that looks like a secret',
  ],
  [
    'a URL with a reference',
    'upstreams: [{ name: a, url: "https://up.example.com/${KEY}" }]',
    'upstreams[0].url: holds a reference',
  ],
  [
    'an issuer as upstream',
    `upstreams: [{ name: a, url: "https://login.example.com/mcp" }]\n${issuer('profile: okta')}`,
    'upstreams[0].url: has the origin of an entry in `issuers`',
  ],
  [
    'ourselves as upstream',
    'upstreams: [{ name: a, url: "http://127.0.0.1:8080/mcp/b" }]',
    'upstreams[0].url: has the origin of Sallyport itself',
  ],
  [
    'ourselves by another name',
    'upstreams: [{ name: a, url: "http://localhost:8081/" }]',
    'upstreams[0].url: is where Sallyport itself listens',
  ],
  [
    'keys of the other kind',
    http('args: []\n    isolation: shared'),
    'upstreams[0].args: has a meaning only with `command`',
    'upstreams[0].isolation: has a meaning only with `command`',
  ],
  [
    'keys of the other kind, of a program',
    stdio('insecureHttp: true'),
    'upstreams[0].insecureHttp: has a meaning only with `url`',
  ],
  [
    'a shell command',
    'upstreams: [{ name: a, command: "npx -y server" }]',
    'upstreams[0].command: holds spaces, and no shell reads it',
  ],
  [
    'a secret argument',
    stdio(`args: ["--api-key=${canary}", "\${KEY}", sk-${canary}]`),
    'upstreams[0].args[0]: looks like a secret',
    'upstreams[0].args[1]: is a reference',
    'upstreams[0].args[2]: looks like a secret',
  ],
  [
    'a literal secret in env',
    stdio(`env: { API_KEY: ${canary}, githubToken: ${canary}, DB: "pg://u:${canary}@h" }`),
    'upstreams[0].env.API_KEY: looks like a literal secret',
    'upstreams[0].env.githubToken: looks like a literal secret',
    'upstreams[0].env.DB: holds a password',
  ],
  ['part of a reference', stdio('env: { URL: "https://${KEY}@h" }'), 'upstreams[0].env.URL: is not wholly a reference'],
  [
    'a variable that is none',
    stdio('env: { "a b": c, "1a": c }'),
    'upstreams[0].env."a b": is not the name',
    'upstreams[0].env."1a": is not the name',
  ],
  [
    'env that says none',
    stdio('env: { X: "${KEY}" }\n    credentials: { type: none }'),
    'upstreams[0].credentials.type: is `none`, but `env` holds a reference',
  ],
  [
    'env without secrets',
    stdio('credentials: { type: env }'),
    'upstreams[0].credentials.type: is `env`, but `env` holds no reference',
  ],
  [
    'a header for a program',
    stdio('credentials: { type: bearer, token: "${KEY}" }'),
    'upstreams[0].credentials.type: is for servers',
  ],
  ['env for a server', http('credentials: { type: env }'), 'upstreams[0].credentials.type: is for programs'],
  ['a credential without type', http('credentials: { token: "${KEY}" }'), 'upstreams[0].credentials.type: is missing'],
  [
    'a credential of unknown type',
    http(`credentials: { type: baerer, token: ${canary} }`),
    'upstreams[0].credentials.type: has a value that is not known, did you mean `bearer`?',
  ],
  ...['Host', 'cookie', 'Connection', 'Proxy-X', 'Mcp-Name', 'content-type', 'TE', 'Accept', 'Traceparent'].map(
    (name) =>
      [
        `header ${name}`,
        http(`credentials: { type: header, name: ${name}, value: "\${KEY}" }`),
        'upstreams[0].credentials.name: is a header that HTTP or MCP itself needs',
      ] as const,
  ),
  [
    'a header that is none',
    http('credentials: { type: header, name: "X Y", value: "${KEY}" }'),
    'upstreams[0].credentials.name: is not a header name',
  ],
  [
    'a user name with a colon',
    http('credentials: { type: basic, username: "a:b", password: "${KEY}" }'),
    'upstreams[0].credentials.username: is not a user name',
  ],
  [
    'a token service that is us',
    http(
      'credentials: { type: client_credentials, issuer: "http://127.0.0.1:8080", clientId: x, clientSecret: "${KEY}" }',
    ),
    'upstreams[0].credentials.issuer: is Sallyport itself',
  ],
  [
    'a resource that is ours',
    http(
      'credentials: { type: client_credentials, issuer: "https://as.example.com", clientId: x, clientSecret: "${KEY}", resource: "http://127.0.0.1:8080/mcp/b" }',
    ),
    'upstreams[0].credentials.resource: is an endpoint of Sallyport',
  ],
]

test.each(mistakes)('%s', (_title, rest, ...expected) => expectProblems(rest, expected))
