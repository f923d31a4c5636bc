import { expect, test } from 'vitest'
import { canary, load } from './written.ts'

const start = 'url: http://127.0.0.1:8080\nauthorizationServer: { clients: [{ id: agent, secret: "${AGENT}" }] }\n'
const env = {
  AGENT: `${canary}-agent`,
  KEY: `${canary}-key`,
  TWIN: `${canary}-key`,
  SPACED: `${canary} with a space`,
  LINES: `${canary}\nx`,
  PREFIXED: `Bearer ${canary}`,
  EMPTY: '',
  OURS: jwtOf('http://127.0.0.1:8080'),
  THEIRS: `Bearer ${jwtOf('https://login.example.com/')}`,
}
const http = (rest: string, name = 'a') =>
  `upstreams:\n  - name: ${name}\n    url: https://up.example.com/mcp\n    ${rest}\n`
const stdio = (rest: string) => `upstreams:\n  - name: a\n    command: prog\n    ${rest}\n`
const issuer = (rest: string) => `issuers:\n  - issuer: https://login.example.com\n    ${rest}\n`

function jwtOf(iss: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256' })}.${part({ iss, jti: canary })}.c2ln`
}

/** Title, what follows `start`, and of each problem its path and what is wrong. */
const mistakes: readonly (readonly [string, string, ...string[]])[] = [
  // keys
  ['an unknown key', `upstream: ${canary}`, 'upstream: unknown key `upstream`, did you mean `upstreams`?'],
  ['an unknown key near nothing', `xyzzy: ${canary}`, 'xyzzy: unknown key `xyzzy`, known here: url, listen'],
  ['a key in the wrong case', 'Listen: 127.0.0.1:1', 'Listen: unknown key `Listen`, did you mean `listen`?'],
  ['a duplicate key', 'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2', '3: this key stands here a second time'],
  [
    'an unknown key of a credential',
    http(`credentials: { type: bearer, token: "\${KEY}", tokn: ${canary} }`),
    'upstreams[0].credentials.tokn: unknown key `tokn`, did you mean `token`?',
  ],
  [
    'an unknown key deep inside',
    http('limits: { responseTimeout: 5 }'),
    'upstreams[0].limits.responseTimeout: unknown key `responseTimeout`, did you mean `responseTimeoutMs`?',
  ],
  ['login', `login: [{ type: oidc, clientSecret: ${canary} }]`, 'login: is not known yet in this version, remove it'],
  ['tls', 'tls: {}', 'tls: is not known yet in this version, remove it'],
  ['trustedProxies', 'trustedProxies: []', 'trustedProxies: is not known yet in this version, remove it'],
  ['allowedOrigins', 'allowedOrigins: []', 'allowedOrigins: is not known yet in this version, remove it'],
  ['a merge key', http('<<: { insecureHttp: true }'), 'upstreams[0]."<<": merge keys are not read'],
  ['a prototype', '__proto__: { url: x }', '__proto__: is a name that cannot be used'],
  // kinds
  ['a list where a mapping belongs', 'network: []', 'network: is not a mapping'],
  ['a text where a list belongs', 'upstreams: a', 'upstreams: is not a list'],
  ['a number where a text belongs', 'listen: 8080', 'listen: is not a text, put it in quotes'],
  [
    'a text where a number belongs',
    http('limits: { messageBytes: "2048" }'),
    'upstreams[0].limits.messageBytes: is not a number, write it without quotes',
  ],
  ['a fraction', http('limits: { messageBytes: 2048.5 }'), 'upstreams[0].limits.messageBytes: is not a whole number'],
  [
    'too small',
    http('limits: { messageBytes: 1 }'),
    'upstreams[0].limits.messageBytes: is too small, give at least 1024',
  ],
  ['too large', http('limits: { idleTimeoutMs: 99999999999 }'), 'upstreams[0].limits.idleTimeoutMs: is too large'],
  ['an empty value', http('adminTools:'), 'upstreams[0].adminTools: is empty'],
  ['`yes` is a text', http('insecureHttp: yes'), 'upstreams[0].insecureHttp: is not `true` or `false`'],
  ['an alias', http('adminTools: *x'), 'upstreams[0].adminTools: aliases are not read'],
  // addresses
  ['listen without port', 'listen: 127.0.0.1', 'listen: is not an address'],
  ['listen beyond the last port', 'listen: 127.0.0.1:65536', 'listen: is not an address'],
  ['listen on half an address', 'listen: 127.0.0:80', 'listen: is not an address'],
  ['ops on the port of listen', 'ops: 127.0.0.1:8080', 'ops: has the port of `listen`'],
  [
    'a range that is none',
    'network: { allow: [10.0.0.0/33, fd00::/129, 10.0.0.0] }',
    'network.allow[0]: is not an address range',
    'network.allow[1]: is not an address range',
    'network.allow[2]: is not an address range',
  ],
  ['every address', 'network: { allow: ["::/0"] }', 'network.allow[0]: allows every address'],
  // files
  ['postgres', `store: postgres://u:${canary}@h/db`, 'store: PostgreSQL is not available in this version'],
  ['a store without scheme', 'store: ./data/x.db', 'store: is not `sqlite:`'],
  ['a root key without scheme', 'rootKey: ./keys/root.key', 'rootKey: is not `file:`'],
  ['a root key beside the store', 'rootKey: file:./data/../data/root.key', 'rootKey: lies in the folder of the store'],
  ['policies without a path', 'policies: ""', 'policies: is not a path'],
  // clients
  [
    'a literal client secret',
    `authorizationServer: { clients: [{ id: b, secret: ${canary} }] }`,
    '3: this key stands here a second time',
  ],
  // issuers
  [
    'plain http beyond loopback',
    'issuers: [{ issuer: "http://login.example.com" }]',
    'issuers[0].issuer: is plain http beyond loopback',
  ],
  [
    'an issuer with a query',
    'issuers: [{ issuer: "https://login.example.com?x=1" }]',
    'issuers[0].issuer: has a query',
  ],
  [
    'an issuer with a password',
    `issuers: [{ issuer: "https://u:${canary}@login.example.com" }]`,
    'issuers[0].issuer: holds a user name or password',
  ],
  [
    'the same issuer twice',
    `${issuer('profile: okta')}  - issuer: https://LOGIN.example.com/\n`,
    'issuers[1].issuer: is the issuer of another entry',
  ],
  ['ourselves as issuer', 'issuers: [{ issuer: "http://127.0.0.1:8080/" }]', 'issuers[0].issuer: is Sallyport itself'],
  [
    'an unknown profile',
    issuer('profile: entraa'),
    'issuers[0].profile: has a value that is not known, did you mean `entra`?',
  ],
  [
    'algorithm none',
    issuer('algorithms: [none]'),
    'issuers[0].algorithms[0]: is an algorithm that proves nothing about the issuer',
  ],
  [
    'a symmetric algorithm',
    issuer('algorithms: [HS256]'),
    'issuers[0].algorithms[0]: is an algorithm that proves nothing',
  ],
  [
    'an unknown algorithm',
    issuer('algorithms: [RS25]'),
    'issuers[0].algorithms[0]: is not a known algorithm, did you mean `RS256`?',
  ],
  ['no algorithm', issuer('algorithms: []'), 'issuers[0].algorithms: is too small'],
  [
    'opaque tokens of two',
    issuer('profile: introspection\n    client: { id: x, secret: "${KEY}" }'),
    'issuers[0].profile: opaque tokens name no issuer, and `authorizationServer` issues them already',
  ],
  [
    'introspection without a client',
    issuer('profile: introspection'),
    'issuers[0].profile: opaque tokens',
    'issuers[0].client: is missing',
  ],
  [
    'a client without introspection',
    issuer('client: { id: x, secret: "${KEY}" }'),
    'issuers[0].client: has a meaning only with `profile: introspection`',
  ],
  [
    'algorithms of opaque tokens',
    issuer('profile: introspection\n    algorithms: [ES256]\n    client: { id: x, secret: "${KEY}" }'),
    'issuers[0].profile: opaque',
    'issuers[0].algorithms: has no meaning',
  ],
  [
    'an endpoint of nothing',
    `${http('adminTools: []', 'files')}${issuer('endpoints: { fles: { audience: x } }')}`,
    'issuers[0].endpoints.fles: names no upstream, did you mean `files`?',
  ],
  [
    "another endpoint's audience",
    `${http('adminTools: []')}${issuer('endpoints: { a: { audience: "http://127.0.0.1:8080/mcp" } }')}`,
    'issuers[0].endpoints.a.audience: is the audience of another endpoint too',
  ],
  [
    'one audience for two',
    `${http('adminTools: []')}  - { name: b, url: "https://b.example.com" }\n${issuer('endpoints: { a: { audience: x }, b: { audience: x } }')}`,
    'issuers[0].endpoints.b.audience: is the audience of `a` too',
  ],
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
  // secrets
  [
    'a literal secret',
    http(`credentials: { type: bearer, token: ${canary} }`),
    'upstreams[0].credentials.token: is a literal secret',
  ],
  [
    'the sealed store',
    http('credentials: { type: bearer, token: "secret:vendor" }'),
    'upstreams[0].credentials.token: needs the sealed store',
  ],
  [
    'an unset variable',
    http('credentials: { type: bearer, token: "${NOT_SET}" }'),
    'upstreams[0].credentials.token: environment variable `NOT_SET` is not set',
  ],
  [
    'a variable of every object',
    http('credentials: { type: bearer, token: "${constructor}" }'),
    'upstreams[0].credentials.token: environment variable `constructor` is not set',
  ],
  [
    'an empty variable',
    http('credentials: { type: bearer, token: "${EMPTY}" }'),
    'upstreams[0].credentials.token: environment variable `EMPTY` is empty',
  ],
  [
    'a missing file',
    http('credentials: { type: bearer, token: "file:none" }'),
    'upstreams[0].credentials.token: the file does not exist',
  ],
  [
    'a folder',
    http('credentials: { type: bearer, token: "file:." }'),
    'upstreams[0].credentials.token: what it names is not a regular file',
  ],
  [
    'a remote file',
    http('credentials: { type: bearer, token: "file://host/x" }'),
    'upstreams[0].credentials.token: names no file',
  ],
  [
    'a token with a space',
    http('credentials: { type: bearer, token: "${SPACED}" }'),
    'upstreams[0].credentials.token: the secret holds characters that cannot stand in a header',
  ],
  [
    'a token with its scheme',
    http('credentials: { type: bearer, token: "${PREFIXED}" }'),
    'upstreams[0].credentials.token: the secret starts with the word `Bearer`',
  ],
  [
    'a header with a line break',
    http('credentials: { type: header, name: X-Key, value: "${LINES}" }'),
    'upstreams[0].credentials.value: the secret holds characters',
  ],
  [
    'one secret for two upstreams',
    `${http('credentials: { type: bearer, token: "${KEY}" }')}  - { name: b, command: p, env: { K: "\${TWIN}" } }`,
    'upstreams[1].env.K: is the same secret as that of upstream `a`',
  ],
  [
    'the secret of a client',
    http('credentials: { type: bearer, token: "${AGENT}" }'),
    'upstreams[0].credentials.token: is the same secret as that of client `agent`',
  ],
  [
    'a token of ours',
    http('credentials: { type: bearer, token: "${OURS}" }'),
    'upstreams[0].credentials.token: is a token of Sallyport',
  ],
  [
    'a token of an issuer',
    `${http('credentials: { type: header, name: X-Key, value: "${THEIRS}" }')}${issuer('profile: okta')}`,
    'upstreams[0].credentials.value: is a token of Sallyport',
  ],
]

test.each(mistakes)('%s', async (_title, rest, ...expected) => {
  const { problems, config, warnings } = await load(start + rest, { env })
  expect(config).toBeUndefined()
  const shown = problems.map((problem) =>
    problem.replace(/^sallyport\.yaml:(\d+):\d+ /, '').replace(/^sallyport\.yaml:(\d+):\d+:/, '$1:'),
  )
  for (const text of expected) expect(shown).toContainEqual(expect.stringMatching(startingWith(text)))
  expect(shown).toHaveLength(expected.length)
  expect([...problems, ...warnings].join('\n').toLowerCase()).not.toContain(canary.slice(0, 12))
})

function startingWith(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}

test.each([
  ['a path', 'http://127.0.0.1:8080/x', 'is not a bare origin, write `http://127.0.0.1:8080`'],
  ['a trailing slash', 'https://mcp.example.com/', 'is not a bare origin, write `https://mcp.example.com`'],
  ['the default port', 'https://mcp.example.com:443', 'is not a bare origin, write `https://mcp.example.com`'],
  ['upper case', 'https://MCP.example.com', 'is not a bare origin, write `https://mcp.example.com`'],
  ['plain http beyond loopback', 'http://mcp.example.com', 'is plain http beyond loopback'],
  ['a look-alike of loopback', 'http://127.0.0.1.example.com', 'is plain http beyond loopback'],
  ['no scheme', 'mcp.example.com', 'is not an absolute http or https URL'],
  ['a query', 'https://mcp.example.com?', 'has a query'],
])('url: %s', async (_title, url, expected) => {
  const { problems } = await load(`url: ${url}\nauthorizationServer: { clients: [] }`)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(startingWith(`sallyport.yaml:1:6 url: ${expected}`))
})

test('nobody can tell who calls: neither server nor issuers', async () => {
  const { problems } = await load('url: http://127.0.0.1:8080')
  expect(problems).toEqual([
    'sallyport.yaml:1:1: there is neither `authorizationServer` nor an entry in `issuers`, so nothing can tell who calls, add `authorizationServer` with a client, or the issuer of your access tokens',
  ])
})

test('clients: ids are unique, and scopes exist', async () => {
  const { problems } = await load(
    `url: http://127.0.0.1:8080
authorizationServer:
  clients:
    - { id: a, secret: "\${AGENT}", scopes: [files:raed, mcp:list] }
    - { id: a, secret: "\${KEY}", grants: [] }
    - { id: "b c", secret: ${canary} }
upstreams: [{ name: files, command: x }]`,
    { env },
  )
  expect(problems.map((problem) => problem.split(',')[0])).toEqual([
    'sallyport.yaml:4:44 authorizationServer.clients[0].scopes[0]: is not a scope that exists here',
    'sallyport.yaml:5:13 authorizationServer.clients[1].id: is the id of another client',
    'sallyport.yaml:5:41 authorizationServer.clients[1].grants: is too small',
    'sallyport.yaml:6:13 authorizationServer.clients[2].id: is not a client id',
    'sallyport.yaml:6:28 authorizationServer.clients[2].secret: is a literal secret',
  ])
  expect(problems[0]).toContain('did you mean `files:read`?')
})
