import * as oauth from 'oauth4webapi'
import { expect, test, vi } from 'vitest'
import { issue, secrets, startRig } from './rig.ts'

test('the library prints nothing, from its import on', async () => {
  const prints = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name).mockReturnValue())
  const warn = console.warn
  const rig = await startRig()
  await rig.server.ready()
  expect(console.warn).toBe(warn)
  const { access_token } = await issue(rig)
  const client = oauth.ClientSecretBasic(secrets.agent)
  const insecure = { [oauth.allowInsecureRequests]: true } as const
  await oauth.introspectionRequest(rig.as, { client_id: 'ci-agent' }, client, access_token, insecure)
  await oauth.revocationRequest(rig.as, { client_id: 'ci-agent' }, client, access_token, insecure)
  await rig.token({ resource: 'https://nowhere.example' })
  for (const print of prints) expect(print).not.toHaveBeenCalled()
  vi.restoreAllMocks()
  await rig.close()
})
