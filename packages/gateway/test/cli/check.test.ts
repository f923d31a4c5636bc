import { expect, test } from 'vitest'
import { fill, stored } from './filled.ts'
import { canary, configuration, openConfigured } from './rig.ts'

test('check: a good configuration, a broken one, broken policies', async () => {
  const terminal = await openConfigured()
  expect((await terminal.run('check')).code).toBe(0)
  const json = await terminal.run('check --json')
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, problems: [], warnings: [] })

  await terminal.write('policies/bad.cedar', 'permit (principal, action, resource) when { ;\n')
  expect((await terminal.run('check')).code).toBe(1)
  await terminal.write('policies/bad.cedar', '')

  await terminal.write(
    'broken.yaml',
    `${configuration.replace('url: https://vendor', 'url: http://vendor')}listn: ${canary}\nlogin: []\npolicies: none\n`,
  )
  expect((await terminal.run('check --config broken.yaml')).code).toBe(1)
  const broken = JSON.parse((await terminal.run('check --config broken.yaml --json')).stdout)
  expect(broken.ok).toBe(false)
  expect(broken.problems).toContainEqual({
    file: 'broken.yaml',
    line: 21,
    column: 1,
    path: 'listn',
    message: 'unknown key `listn`',
    help: 'did you mean `listen`?',
  })

  terminal.env['VENDOR_KEY'] = 'short-canary'
  await terminal.write('keys/agent.secret', canary, 0o644)
  expect((await terminal.run('check')).code).toBe(0)
  expect((await terminal.run('check --config none.yaml')).code).toBe(1)

  await expect(terminal.transcript()).toMatchFileSnapshot('golden/check.txt')
  expect(terminal.transcript()).not.toMatch(/canary/)
})

test('check: what the policies say of tools is told where there is a store, and is no problem', async () => {
  const terminal = await openConfigured()
  await terminal.write(
    'policies/vendor.cedar',
    `@id("cap") forbid (principal, action == Sallyport::Action::"vendor/pay", resource) when { context.arguments.amont > 5 };
@id("later") permit (principal, action == Sallyport::Action::"vendor/refund", resource);
`,
  )
  expect((await terminal.run('check')).stderr).toBe('')
  await fill(terminal, [
    stored('pay', { inputSchema: { type: 'object', properties: { amount: { type: 'integer' } } } }),
  ])
  const checked = await terminal.run('check')
  expect(checked.code).toBe(0)
  expect(checked.stdout).toMatch(/^no problems, 2 warnings\n/)
  expect(checked.stderr.split('\n')).toEqual([
    expect.stringMatching(
      /^warning: policies\/vendor\.cedar:2:1 policy `later` names tool `vendor\/refund`, which is not/,
    ),
    expect.stringMatching(/^warning: policies\/vendor\.cedar:1:1 policy `cap` for tool `vendor\/pay`: .*`amount`/),
    '',
  ])
  expect(JSON.parse((await terminal.run('check --json')).stdout)).toMatchObject({
    ok: true,
    warnings: [],
    policyWarnings: [expect.stringContaining('later'), expect.stringContaining('cap')],
  })
  await terminal.write('data/sallyport.db', 'not a database, '.repeat(300))
  expect((await terminal.run('check')).code).toBe(3)
})

test('warnings of the configuration are told by every command, on standard error', async () => {
  const terminal = await openConfigured()
  await terminal.write('keys/agent.secret', `${canary}-agent`, 0o644)
  const { code, stdout, stderr } = await terminal.run('explain vendor --json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ upstream: 'vendor' })
  expect(stderr).toMatch(/^warning: sallyport\.yaml:4:\d+ authorizationServer\.clients\[0\]\.secret: .+\n$/)

  // the log of a gateway is lines of JSON, and so is this
  await terminal.write('policies/bad.cedar', 'permit (')
  const serve = await terminal.run('serve')
  expect(serve.code).toBe(1)
  const [first = ''] = serve.stderr.split('\n')
  expect(JSON.parse(first)).toMatchObject({ msg: 'configuration', detail: stderr.slice('warning: '.length).trimEnd() })
})
