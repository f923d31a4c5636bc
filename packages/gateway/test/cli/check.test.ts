import { expect, test } from 'vitest'
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
