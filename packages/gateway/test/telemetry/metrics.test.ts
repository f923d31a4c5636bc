import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics } from '../../src/telemetry/index.ts'

const linesOf = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.render()).text.split('\n').filter((line) => line.startsWith('sallyport_'))

test('counts calls, sends, refusals and children', async () => {
  const metrics = createMetrics()
  const files = metrics.upstream('files')
  files.call('ok', 4)
  files.call('ok', 40)
  metrics.upstream('files').call('refused', 1)
  files.send('answered')
  metrics.watchChildren(() => [{ upstream: 'files', children: 3 }])
  metrics.refusal('not_permitted')
  metrics.refusal('not_permitted')
  const lines = await linesOf(metrics)
  for (const line of [
    'sallyport_calls_total{upstream="files",outcome="ok"} 2',
    'sallyport_calls_total{upstream="files",outcome="refused"} 1',
    'sallyport_calls_total{upstream="files",outcome="error"} 0',
    'sallyport_call_duration_seconds_count{upstream="files"} 3',
    'sallyport_call_duration_seconds_bucket{le="0.005",upstream="files"} 2',
    'sallyport_upstream_sends_total{upstream="files",outcome="answered"} 1',
    'sallyport_stdio_children{upstream="files"} 3',
    'sallyport_refusals_total{reason="not_permitted"} 2',
  ]) {
    expect(lines).toContain(line)
  }
  expect(await linesOf(metrics)).toEqual(lines)
})

test('shows the state of the log when it is asked', async () => {
  const metrics = createMetrics()
  expect(await linesOf(metrics)).toContain('sallyport_audit_healthy 0')
  const log = { waiting: 7, healthy: true }
  metrics.watchAudit(log)
  metrics.auditCommit(32, 0.4)
  metrics.auditCommit(8, 3)
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'sallyport_audit_healthy 1',
      'sallyport_audit_waiting_entries 7',
      'sallyport_audit_entries_total 40',
      'sallyport_audit_commit_seconds_bucket{le="0.0005"} 1',
      'sallyport_audit_commit_seconds_count 2',
    ]),
  )
  log.healthy = false
  expect(await linesOf(metrics)).toContain('sallyport_audit_healthy 0')
})

test('threat 33: a label is the name of an upstream or nothing of a caller', async () => {
  const metrics = createMetrics()
  for (const name of ['Bearer abc', 'eyJhbGciOi.x.y', 'files"} 1\nforged{a="', '__proto__', '', 'x'.repeat(25)]) {
    metrics.upstream(name).call('ok', 1)
  }
  for (let index = 0; index < 1000; index++) metrics.upstream(`u${index}`).call('ok', 1)
  const lines = await linesOf(metrics)
  const names = new Set(lines.flatMap((line) => /upstream="([^"]*)"/.exec(line)?.[1] ?? []))
  expect(names.size).toBeLessThanOrEqual(257)
  for (const name of names) expect(name).toMatch(/^(u\d+|other)$/)
  expect(lines.find((line) => line.startsWith('sallyport_calls_total{upstream="other",outcome="ok"}'))).toMatch(
    / 7\d\d$/,
  )
})

test('every gateway has numbers of its own, beside those of Node', async () => {
  const [one, two] = [createMetrics(), createMetrics()]
  one.upstream('files').call('ok', 1)
  expect(await linesOf(two)).not.toContain('sallyport_calls_total{upstream="files",outcome="ok"} 1')
  const { contentType, text } = await two.render()
  expect(contentType).toContain('text/plain')
  expect(text).toContain('nodejs_version_info')
})

test('docs/metrics.md lists every name, its type and its labels', async () => {
  const metrics = createMetrics()
  const documented = readFileSync(path.resolve(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8')
  const rows = [...documented.matchAll(/^\| `(sallyport_\w+)` \| (\w+) \| ([^|]*)\|/gm)].map(
    ([, name, type, labels]) => {
      return { name, type, labels: [...(labels ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label).sort() }
    },
  )
  const files = metrics.upstream('files')
  files.call('ok', 1)
  metrics.watchChildren(() => [{ upstream: 'files', children: 1 }])
  metrics.refusal('internal')
  const { text } = await metrics.render()
  const served = [...text.matchAll(/^# TYPE (sallyport_\w+) (\w+)$/gm)].map(([, name = '', type]) => {
    const line = text.split('\n').find((candidate) => new RegExp(`^${name}(_count)?[{ ]`).test(candidate)) ?? ''
    return { name, type, labels: [...line.matchAll(/(\w+)="/g)].map(([, label]) => label).sort() }
  })
  const byName = (one: { name: string | undefined }, two: { name: string | undefined }) =>
    String(one.name).localeCompare(String(two.name))
  expect(rows.sort(byName)).toEqual(served.sort(byName))
})
