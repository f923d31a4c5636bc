import { expect, test } from 'vitest'
import { env, expectProblems, http, type Mistake, startingWith } from './mistakes.ts'
import { canary, load } from './written.ts'

const mistakes: readonly Mistake[] = [
  // keys
  ['an unknown key', `upstream: ${canary}`, 'upstream: unknown key `upstream`, did you mean `upstreams`?'],
  ['an unknown key near nothing', `xyzzy: ${canary}`, 'xyzzy: unknown key `xyzzy`, known here: url, listen'],
  ['a key in the wrong case', 'Listen: 127.0.0.1:1', 'Listen: unknown key `Listen`, did you mean `listen`?'],
  ['a duplicate key', 'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2', 'this key stands here a second time'],
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
]

test.each(mistakes)('%s', (_title, rest, ...expected) => expectProblems(rest, expected))

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
    'sallyport.yaml:4:45 authorizationServer.clients[0].scopes[0]: is not a scope that exists here',
    'sallyport.yaml:5:13 authorizationServer.clients[1].id: is the id of another client',
    'sallyport.yaml:5:42 authorizationServer.clients[1].grants: is too small',
    'sallyport.yaml:6:13 authorizationServer.clients[2].id: is not a client id',
    'sallyport.yaml:6:28 authorizationServer.clients[2].secret: is a literal secret',
  ])
  expect(problems[0]).toContain('did you mean `files:read`?')
})
