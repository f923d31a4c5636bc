import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { clientKinds } from '../../src/demo/client.ts'
import { makeClient } from '../../src/demo/clients.ts'
import { startSample } from './rig.ts'

test.each(clientKinds)('the sample server serves %s, and tells progress on a stream', async (kind) => {
  const key = randomBytes(24).toString('hex')
  const { url } = await startSample(key)
  const client = await makeClient({ kind, url, token: key, paste: '' })
  expect(await client.list()).toEqual(['list_invoices', 'get_invoice', 'pay_invoice', 'echo', 'summarize_invoices'])
  expect((await client.call({ name: 'list_invoices', arguments: { status: 'open' } })).received.toString()).toContain(
    'INV-1001',
  )
  expect((await client.call({ name: 'get_invoice', arguments: { id: 'INV-9999' } })).ok).toBe(false)
  const pay = { id: 'INV-1002', amount: 2400, currency: 'USD' }
  expect((await client.call({ name: 'pay_invoice', arguments: { ...pay, amount: 1 } })).ok).toBe(false)
  expect((await client.call({ name: 'pay_invoice', arguments: { ...pay, currency: 'GBP' } })).ok).toBe(false)
  expect((await client.call({ name: 'pay_invoice', arguments: pay })).ok).toBe(true)
  const summary = await client.call({ name: 'summarize_invoices', _meta: { progressToken: 'p1' } })
  expect(summary.ok).toBe(true)
  expect(summary.received.toString().match(/notifications\/progress/g)).toHaveLength(3)
  await client.close()
})

test('the sample server demands its key, and serves no other host or origin', async () => {
  const key = randomBytes(24).toString('hex')
  const { url } = await startSample(key)
  for (const presented of ['', key, `Bearer ${key}x`, `Bearer ${key.slice(1)}`, `bearer ${key}`]) {
    const answer = await fetch(url, { method: 'POST', headers: { authorization: presented } })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  }
  const foreign = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, origin: 'https://evil.example' },
  })
  expect(foreign.status).toBe(403)
})
