import { once } from 'node:events'
import { lstat, readFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Secret } from '../../src/secrets/secret.ts'
import { startRig } from '../identity/rig.ts'
import { canary, openConfigured, type Terminal } from './rig.ts'

function yamlFor(url: string, scopes = ''): string {
  return `url: ${url}
ops: 127.0.0.1:1
authorizationServer:
  clients:
    - { id: agent, secret: file:keys/agent.secret${scopes} }
upstreams:
  - { name: files, command: prog }
  - { name: vendor, url: "https://vendor.example.com/mcp" }
`
}

async function withServer(use: (terminal: Terminal, url: string) => Promise<void>): Promise<void> {
  const secret = new Secret(`${canary}-agent`, 'a test')
  const rig = await startRig({ clients: [{ id: 'agent', secret, grants: ['client_credentials'], scopes: undefined }] })
  const terminal = await openConfigured(yamlFor(rig.url), { [rig.url]: 'http://127.0.0.1:8080' })
  try {
    await use(terminal, rig.url)
  } finally {
    await rig.close()
  }
}

test('token: into a file of mode 0600, never on the terminal, from a real authorization server', async () => {
  await withServer(async (terminal, url) => {
    const file = path.join(terminal.folder, '.sallyport/files.token')
    expect((await terminal.run('token --upstream files')).code).toBe(0)
    const first = await readFile(file, 'utf8')
    expect(first).toMatch(/^[\w-]{40,}\n$/)
    expect((await lstat(file)).mode & 0o777).toBe(0o600)
    expect((await lstat(path.dirname(file))).mode & 0o777).toBe(0o700)

    const elsewhere = await terminal.write('elsewhere', 'untouched', 0o644)
    await symlink(elsewhere, path.join(terminal.folder, 'out'))
    expect((await terminal.run('token --upstream files --out out --inspector mcp.json --scope files:read')).code).toBe(
      0,
    )
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched')
    const token = (await readFile(path.join(terminal.folder, 'out'), 'utf8')).trim()
    const inspector = path.join(terminal.folder, 'mcp.json')
    expect((await lstat(inspector)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(inspector, 'utf8'))).toEqual({
      mcpServers: {
        files: { type: 'streamable-http', url: `${url}/mcp/files`, headers: { Authorization: `Bearer ${token}` } },
      },
    })

    const json = await terminal.run('token --upstream vendor --client agent --json')
    expect(JSON.parse(json.stdout)).toMatchObject({ endpoint: `${url}/mcp/vendor`, client: 'agent' })

    expect((await terminal.run('token --upstream files --scope vendor:read')).code).toBe(1)
    expect((await terminal.run('token --upstream files --out keys')).code).toBe(1)
    await terminal.write('keys/agent.secret', `${canary}-another`)
    expect((await terminal.run('token --upstream files')).code).toBe(1)
    expect(await readFile(file, 'utf8')).toBe(first)

    await expect(terminal.transcript()).toMatchFileSnapshot('golden/token.txt')
    for (const secret of [canary, first.trim(), token]) expect(terminal.transcript()).not.toContain(secret)
  })
})

test('token: a client with few scopes asks for those, and one with none is told', async () => {
  const terminal = await openConfigured(yamlFor('http://127.0.0.1:1', ', scopes: ["vendor:admin"]'))
  const { code, stderr } = await terminal.run('token --upstream files')
  expect([code, stderr]).toEqual([
    1,
    'sallyport: the client `agent` has no scope for `files`; add `files:read` to its `scopes`\n',
  ])
})

test.each([
  ['nothing', undefined, 3],
  [
    'a server that echoes our secret',
    (url: string, path: string) => (path.startsWith('/.well') ? metadata(url, url) : undefined),
    1,
  ],
  ['a server that names a token endpoint elsewhere', (url: string) => metadata(url, 'http://localhost:1'), 3],
  ['a server that names another issuer', () => metadata('http://127.0.0.1:2', 'http://127.0.0.1:2'), 3],
  ['a server that answers no metadata', () => 'hello', 3],
])('token: %s at `url`: no secret leaves to others or is printed', async (_title, answer, expected) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const text = answer?.(origin, request.url ?? '')
    const given = Buffer.from(String(request.headers['authorization']).slice(6), 'base64').toString()
    response.writeHead(text === undefined ? 400 : 200, { 'content-type': 'application/json' })
    response.end(text ?? JSON.stringify({ error: given, error_description: given }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (answer === undefined) {
    server.close()
    await once(server, 'close')
  }
  const terminal = await openConfigured(yamlFor(origin))
  const { code, stdout, stderr } = await terminal.run('token --upstream files')
  expect(code).toBe(expected)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^sallyport: .+; .+\n$/)
  expect(stderr).not.toContain(canary)
  expect(asked.filter((url) => !url.startsWith('/.well-known/'))).toHaveLength(expected === 1 ? 1 : 0)
  server.close()
})

function metadata(issuer: string, endpoints: string): string {
  return JSON.stringify({ issuer, token_endpoint: `${endpoints}/oauth/token`, response_types_supported: [] })
}
