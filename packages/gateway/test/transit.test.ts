import { expect, test } from 'vitest'
import type { EntryFields } from '../src/audit/entry.ts'
import type { UpstreamConfig } from '../src/config/types.ts'
import { createTransitRecorder } from '../src/transit.ts'

const limits = { responseTimeoutMs: 1, idleTimeoutMs: 1, messageBytes: 1 }
const common = { credentials: { type: 'none' }, adminTools: [], limits } as const
const upstreams: readonly UpstreamConfig[] = [
  { kind: 'http', name: 'vendor', url: 'https://vendor.example/mcp', insecureHttp: false, ...common },
]

function rig() {
  const entries: EntryFields[] = []
  const append = async (fields: EntryFields) => {
    entries.push(fields)
    return fields as never
  }
  return { entries, record: createTransitRecorder({ append }, upstreams, 'default') }
}

const transit = { issuer: 'https://login.example', tokenSha256: 'ab'.repeat(32) }

test('a transit is an entry, with the hash of the token', async () => {
  const { entries, record } = rig()
  await record({ ...transit, endpoint: 'https://login.example/introspect' })
  expect(entries).toMatchObject([
    {
      kind: 'transit',
      tenant: 'default',
      token: transit.tokenSha256,
      detail: 'to https://login.example/introspect of https://login.example',
    },
  ])
})

test('an endpoint at the origin of an upstream, whatever the metadata says, gets no token', async () => {
  const { entries, record } = rig()
  for (const endpoint of ['https://vendor.example/introspect', 'https://VENDOR.example:443/mcp', 'nonsense']) {
    await expect(record({ ...transit, endpoint })).rejects.toThrow()
  }
  expect(entries).toEqual([])
})
