import { readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { configurationReference } from '../../src/config/reference.ts'
import { canary, inFolder, load } from './written.ts'

const minimal = 'url: https://mcp.example.com\nauthorizationServer: {}\n'

test('defaults, relative to the folder of the file', async () => {
  await inFolder(async (folder) => {
    await writeFile(path.join(folder, 'other.yaml'), minimal)
    const loaded = await loadConfig({ file: 'other.yaml', env: {}, cwd: folder })
    expect('config' in loaded && loaded.config).toEqual({
      url: 'https://mcp.example.com',
      listen: { host: '127.0.0.1', port: 8080 },
      ops: { host: '127.0.0.1', port: 8081 },
      network: { allow: [] },
      store: { kind: 'sqlite', path: path.join(folder, 'data/sallyport.db') },
      rootKey: path.join(folder, 'keys/root.key'),
      authorizationServer: { clients: [] },
      issuers: [],
      upstreams: [],
      policies: path.join(folder, 'policies'),
      file: path.join(folder, 'other.yaml'),
    })
    expect(loaded.warnings.map(({ path: place }) => place)).toEqual(['upstreams', 'authorizationServer'])
  })
})

test('every key of the contract', async () => {
  const yaml = `
url: https://mcp.example.com
listen: "[::1]:9000"
ops: localhost:0
network: { allow: [10.0.0.0/8] }
store: sqlite:/var/lib/sallyport/db
rootKey: file:/etc/sallyport/root.key
authorizationServer:
  clients:
    - { id: ci-agent, secret: "\${CI}", grants: [client_credentials], scopes: [files:read, mcp:list] }
issuers:
  - issuer: https://login.example.com
    profile: entra
    endpoints: { vendor: { audience: "api://vendor" } }
  - { issuer: "https://okta.example.com/oauth2/x", profile: okta, algorithms: [RS256], personClaim: sub, groupsClaim: roles }
upstreams:
  - name: vendor
    url: https://vendor.example.com/mcp
    adminTools: [drop]
    limits: { responseTimeoutMs: 1000 }
    credentials:
      type: bearer
      token: \${VENDOR}
  - { name: plain, url: "http://10.0.0.1/mcp", insecureHttp: true }
  - { name: head, url: "http://127.0.0.1:1/mcp", credentials: { type: header, name: X-Api-Key, value: "file:keys/head" } }
  - { name: basic, url: "https://b.example.com", credentials: { type: basic, username: me, password: "\${BASIC}" } }
  - name: service
    url: https://s.example.com/mcp
    credentials: { type: client_credentials, issuer: "https://as.example.com", clientId: us, clientSecret: "\${SERVICE}", scopes: [x] }
  - name: files
    command: ./bin/server
    args: [-y, --token-limit=5]
    env: { API_KEY: "\${FILES}", OTHER: file:keys/other, MAX_TOKENS: "100", KEY_FILE: /k, DEBUG_TOKEN: "false" }
    cwd: work
    isolation: shared
    idleStopMs: 5000
  - { name: bare, command: prog }
policies: rules
`
  const env = {
    CI: `${canary}1`,
    VENDOR: `${canary}2`,
    BASIC: `${canary}3`,
    SERVICE: `${canary}4`,
    FILES: `${canary}5`,
  }
  const files = { 'keys/head': `${canary} 6\n`, 'keys/other': `${canary}7\r\n` }
  const { config, problems, warnings } = await load(yaml, { env, files })
  expect(problems).toEqual([])
  expect(warnings).toEqual([])
  if (config === undefined) throw new Error('there is no configuration')
  const folder = path.dirname(config.file)
  expect(config.listen).toEqual({ host: '::1', port: 9000 })
  expect(config.ops).toEqual({ host: 'localhost', port: 0 })
  expect(config.store.path).toBe('/var/lib/sallyport/db')
  expect(config.policies).toBe(path.join(folder, 'rules'))
  expect(
    config.issuers.map(({ personClaim, groupsClaim, algorithms }) => [personClaim, groupsClaim, algorithms.length]),
  ).toEqual([
    ['oid', 'groups', 4],
    ['sub', 'roles', 1],
  ])
  expect(config.issuers[0]?.endpoints).toEqual({ vendor: { audience: 'api://vendor' } })
  const [vendor, plain, head, basic, service, program, bare] = config.upstreams
  expect(vendor).toMatchObject({ kind: 'http', adminTools: ['drop'], insecureHttp: false })
  expect(vendor?.limits).toEqual({ responseTimeoutMs: 1000, idleTimeoutMs: 300_000, messageBytes: 4_194_304 })
  expect(plain?.credentials).toEqual({ type: 'none' })
  expect(head?.credentials).toMatchObject({ type: 'header', name: 'X-Api-Key' })
  expect(head?.credentials.type === 'header' && head.credentials.value.reveal()).toBe(`${canary} 6`)
  expect(basic?.credentials).toMatchObject({ type: 'basic', username: 'me' })
  expect(service?.credentials).toMatchObject({
    type: 'client_credentials',
    resource: 'https://s.example.com/mcp',
    scopes: ['x'],
  })
  expect(program).toMatchObject({
    kind: 'stdio',
    command: path.join(folder, 'bin/server'),
    cwd: path.join(folder, 'work'),
    env: { MAX_TOKENS: '100', KEY_FILE: '/k', DEBUG_TOKEN: 'false' },
    isolation: 'shared',
    idleStopMs: 5000,
  })
  const { credentials } = program ?? {}
  expect(
    credentials?.type === 'env' &&
      Object.entries(credentials.variables).map(([name, secret]) => [name, secret.reveal()]),
  ).toEqual([
    ['API_KEY', `${canary}5`],
    ['OTHER', `${canary}7`],
  ])
  expect(bare).toMatchObject({ command: 'prog', isolation: 'principal', cwd: undefined, credentials: { type: 'none' } })

  const printed = [JSON.stringify(config), inspect(config, { depth: 20 }), String(config)].join('\n')
  expect(printed).not.toContain(canary)
})

test('found by --config before SALLYPORT_CONFIG before ./sallyport.yaml', async () => {
  await inFolder(async (folder) => {
    for (const name of ['sallyport', 'env', 'flag']) {
      await writeFile(path.join(folder, `${name}.yaml`), minimal.replace('mcp', name))
    }
    const url = async (file: string | undefined, env: Record<string, string>): Promise<unknown> => {
      const loaded = await loadConfig({ file, env, cwd: folder })
      return 'config' in loaded ? loaded.config.url : loaded.problems.map(formatProblem)
    }
    expect(await url('flag.yaml', { SALLYPORT_CONFIG: 'env.yaml' })).toBe('https://flag.example.com')
    expect(await url(undefined, { SALLYPORT_CONFIG: 'env.yaml' })).toBe('https://env.example.com')
    expect(await url(undefined, { SALLYPORT_CONFIG: '' })).toBe('https://sallyport.example.com')
    expect(await url('none.yaml', {})).toEqual(['none.yaml: there is no such configuration file, correct `--config`'])
    expect(await url(undefined, { SALLYPORT_CONFIG: '/none' })).toEqual([
      '/none: there is no such configuration file, correct `SALLYPORT_CONFIG`',
    ])
    expect(await url(folder, {})).toEqual([
      `${folder}: is not a regular file, name the configuration file with \`--config FILE\``,
    ])
  })
  await inFolder(async (folder) => {
    const loaded = await loadConfig({ file: undefined, env: {}, cwd: folder })
    expect('problems' in loaded && loaded.problems.map(formatProblem)).toEqual([
      'sallyport.yaml: there is no such configuration file, make one with `sallyport init`, or name yours with `--config FILE`',
    ])
  })
})

test('every mistake at once, in the order of the file, each with its place and a remedy', async () => {
  const { problems } = await load(`url: https://mcp.example.com/
listn: 127.0.0.1:8080
issuers:
  - issuer: http://login.example.com
    algorithms: [none]
upstreams:
  - name: Vendor
    url: http://vendor.example.com
    credentials: { type: bearer, tokn: ${canary} }
  - name: files
    command: npx server
    env: { API_KEY: ${canary}, TOKEN: "\${UNSET}" }
`)
  expect(problems).toEqual([
    'sallyport.yaml:1:6 url: is not a bare origin, write `https://mcp.example.com`',
    'sallyport.yaml:2:1 listn: unknown key `listn`, did you mean `listen`?',
    'sallyport.yaml:4:13 issuers[0].issuer: is plain http beyond loopback, use https',
    'sallyport.yaml:5:18 issuers[0].algorithms[0]: is an algorithm that proves nothing about the issuer, use asymmetric signatures, such as `ES256`',
    'sallyport.yaml:7:11 upstreams[0].name: is not a name that can stand in a URL and a scope, start with a lower-case letter and use at most 24 lower-case letters, digits and hyphens',
    'sallyport.yaml:8:10 upstreams[0].url: is plain http beyond loopback, use https; or set `insecureHttp: true` if everybody on the way may read it',
    'sallyport.yaml:9:18 upstreams[0].credentials.token: is missing, give a text',
    'sallyport.yaml:9:34 upstreams[0].credentials.tokn: unknown key `tokn`, did you mean `token`?',
    'sallyport.yaml:11:14 upstreams[1].command: holds spaces, and no shell reads it, name the program alone, and put the rest into `args`',
    'sallyport.yaml:12:21 upstreams[1].env.API_KEY: looks like a literal secret, write `${NAME}` for an environment variable or `file:PATH`, and keep the value there',
    'sallyport.yaml:12:60 upstreams[1].env.TOKEN: environment variable `UNSET` is not set, set it before you start Sallyport',
  ])
})

test('warnings: a short secret, a file that others can read, plain http for other machines', async () => {
  const yaml = `${minimal}listen: 0.0.0.0:8080
upstreams:
  - { name: a, url: "https://a.example.com", credentials: { type: bearer, token: "\${SHORT}" } }
  - { name: b, url: "https://b.example.com", credentials: { type: bearer, token: file:b.key } }
`
  const { config, warnings } = await load(yaml, {
    env: { SHORT: 'canary' },
    files: { 'b.key': canary },
    modes: { 'b.key': 0o644 },
  })
  expect(config).toBeDefined()
  expect(warnings.map((warning) => warning.split(',')[0])).toEqual([
    'sallyport.yaml:2:22 authorizationServer: has no clients',
    'sallyport.yaml:3:9 listen: takes plain http from other machines',
    'sallyport.yaml:5:82 upstreams[0].credentials.token: the secret is shorter than 16 bytes',
    'sallyport.yaml:6:82 upstreams[1].credentials.token: the file can be read by other users',
  ])
  expect(warnings.join('\n')).not.toContain('canary')
})

test('a root key beside the store is seen through symbolic links', async () => {
  await inFolder(async (folder) => {
    await symlink(folder, path.join(folder, 'keys'))
    await writeFile(path.join(folder, 'sallyport.yaml'), `${minimal}store: sqlite:./sallyport.db\n`)
    const loaded = await loadConfig({ file: undefined, env: {}, cwd: folder })
    expect('problems' in loaded && loaded.problems.map(({ path: place }) => place)).toEqual(['rootKey'])
  })
})

test('docs/configuration.md is what the schema says (run scripts/configuration-reference.ts)', async () => {
  const file = new URL('../../../../docs/configuration.md', import.meta.url)
  expect(await readFile(file, 'utf8')).toBe(configurationReference())
})
