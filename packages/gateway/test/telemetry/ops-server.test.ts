import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createMetrics, createOpsServer, type OpsOptions } from '../../src/telemetry/index.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

async function start(differing: Partial<OpsOptions> = {}) {
  const errors: unknown[] = []
  server = createOpsServer({
    metrics: createMetrics(),
    ready: () => ({ ok: true, checks: { store: true } }),
    live: () => true,
    onError: (error) => errors.push(error),
    ...differing,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { ask, errors, port }
}

test.each([
  ['/healthz', 200, '{"status":"ok"}'],
  ['/healthz?verbose=1', 200, '{"status":"ok"}'],
  ['/readyz', 200, '{"status":"ok","checks":{"store":"ok"}}'],
  ['/', 404, '{"status":"not found"}'],
  ['/metrics/', 404, '{"status":"not found"}'],
  ['/healthz/../metrics%2f', 404, '{"status":"not found"}'],
])('%s', async (path, status, text) => {
  const { ask } = await start()
  const answer = await ask(path)
  expect([answer.status, answer.text]).toEqual([status, text])
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('metrics are in the Prometheus format', async () => {
  const { ask } = await start()
  const { status, headers, text } = await ask('/metrics')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(text).toContain('# TYPE sallyport_calls_total counter')
})

test('HEAD is GET without a body, and nothing else is allowed', async () => {
  const { ask } = await start()
  const head = await ask('/metrics', { method: 'HEAD' })
  expect([head.status, head.text]).toEqual([200, ''])
  expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1000)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await ask('/metrics', { method, ...(method === 'POST' && { body: 'x'.repeat(100_000) }) })
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
  }
})

describe('what is not well', () => {
  test('a check that fails', async () => {
    const { ask } = await start({ ready: async () => ({ ok: false, checks: { store: true, audit: false } }) })
    const { status, text } = await ask('/readyz')
    expect([status, text]).toEqual([503, '{"status":"unavailable","checks":{"store":"ok","audit":"failed"}}'])
  })

  test('a gateway that only a restart can mend', async () => {
    const { ask } = await start({ live: () => false })
    expect((await ask('/healthz')).status).toBe(503)
  })

  test.each([
    [
      'at once',
      () => {
        throw new Error('secret path /srv/x')
      },
    ],
    ['later', () => Promise.reject(new Error('secret path /srv/x'))],
  ])('threat 33: a check that throws %s is no, and tells nothing', async (_, ready) => {
    const { ask, errors } = await start({ ready })
    const { status, text } = await ask('/readyz')
    expect([status, text]).toEqual([503, '{"status":"unavailable","checks":{}}'])
    expect(errors).toHaveLength(1)
  })

  test('a check that never ends is no after two seconds', async () => {
    const { ask } = await start({ ready: () => new Promise(() => {}) })
    expect((await ask('/readyz')).status).toBe(503)
  })

  test('threat 33: a fault of ours is vague', async () => {
    const { ask, errors } = await start({ metrics: { render: () => Promise.reject(new Error('secret path /srv/x')) } })
    const { status, text } = await ask('/metrics')
    expect([status, text]).toEqual([500, '{"status":"error"}'])
    expect(errors).toHaveLength(1)
  })
})

test('threat 91: huge headers are refused', async () => {
  const { port } = await start()
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /metrics HTTP/1.1\r\nhost: x\r\nx-huge: ${'a'.repeat(20_000)}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 431 /)
  socket.destroy()
})
