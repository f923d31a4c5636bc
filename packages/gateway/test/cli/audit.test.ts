import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EntryFields, type OpenAuditLog, openAuditLog } from '../../src/audit/index.ts'
import { auditLine } from '../../src/cli/audit-line.ts'
import { visible, visibleJson } from '../../src/config/visible.ts'
import { openConfigured, type Terminal } from './rig.ts'

/** A terminal over a real log, whose one writer is named `00…`. */
async function withLog(use: (terminal: Terminal, log: OpenAuditLog) => Promise<void>): Promise<void> {
  const terminal = await openConfigured()
  await mkdir(path.join(terminal.folder, 'data'))
  const log = await openAuditLog({
    file: path.join(terminal.folder, 'data/audit.db'),
    tenant: 'default',
    commitmentKey: randomBytes(32),
    clock: { now: () => Date.UTC(2026, 10, 20, 12), monotonic: () => performance.now() },
    random: (length) => Buffer.alloc(length),
    onError: (error) => expect.fail(error.message),
  })
  try {
    await use(terminal, log)
  } finally {
    await log.stop()
  }
}

const fields: EntryFields = {
  kind: 'refusal',
  requestId: 'req-1',
  tenant: 'default',
  person: { issuer: 'https://login.example.com', subject: 'alice' },
  agent: { issuer: 'http://127.0.0.1:8080', clientId: 'agent' },
  method: 'tools/call',
  upstream: 'vendor',
  tool: 'search',
  decision: 'deny',
  credential: { type: 'bearer', id: 'vendor/bearer', version: '0123456789ab' },
  status: 'not_permitted',
  detail: 'no policy permits it',
  peer: '127.0.0.1',
  ms: 3,
}

test('audit tail: the newest, oldest first, one a line', async () => {
  await withLog(async (terminal, log) => {
    for (let count = 1; count <= 4; count++) await log.append({ ...fields, count })
    await log.append({ kind: 'event', requestId: 'req-2', tenant: 'default', detail: 'a "quoted" a=b \\ text' })
    expect((await terminal.run('audit tail --lines 3')).code).toBe(0)
    const json = await terminal.run('audit tail --lines 2 --json')
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).seq),
    ).toEqual([4, 5])
    await expect(terminal.transcript()).toMatchFileSnapshot('golden/audit.txt')
  })
})

test('audit tail --follow prints what is written meanwhile, until it is told to stop', async () => {
  await withLog(async (terminal, log) => {
    await log.append(fields)
    const stop = new AbortController()
    const tail = terminal.run('audit tail --follow', stop.signal)
    await expect.poll(() => terminal.transcript()).toContain('req-1')
    await log.append({ ...fields, requestId: 'req-later' })
    await expect.poll(() => terminal.transcript(), { timeout: 5000 }).toContain('req-later')
    stop.abort()
    expect((await tail).code).toBe(0)
  })
})

const forged =
  '\n2026-11-20T12:00:00.000Z 00-9 outcome req-9 vendor/search ok\r\u001b[2K\u001b[1A\u009b\u2028\u202e\u200b\u2066'

test('threat 88: nothing in an entry can start a line, move the cursor or hide', async () => {
  await withLog(async (terminal, log) => {
    const evil = (text: string): string => `${text}${forged}" status=ok detail="`
    await log.append({
      ...fields,
      requestId: evil('r'),
      person: { issuer: evil('i'), subject: evil('s') },
      agent: { issuer: evil('i'), clientId: evil('c') },
      method: evil('m'),
      upstream: evil('u'),
      tool: evil('t'),
      status: evil('x'),
      detail: evil('d'),
      peer: evil('p'),
    })
    const plain = await terminal.run('audit tail')
    expect(plain.stdout.split('\n')).toHaveLength(2)
    expect(plain.stdout.trimEnd()).toMatch(/^[\x20-\x7e…\ufffd]+$/)
    // What looks like a column of its own stands inside quotes.
    expect(plain.stdout.replace(/"(?:\\.|[^"\\])*"/g, '""')).not.toMatch(/status=ok|detail="[^"]/)

    const json = await terminal.run('audit tail --json')
    expect(json.stdout.trimEnd()).toMatch(/^[\x20-\x7e\ufffd]+$/)
    expect(JSON.parse(json.stdout).detail).toMatch(/^d\n2026-11-20T12/)
  })
})

test('threat 88, property: a line is one line of visible characters, whatever the entry holds', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 })
  fc.assert(
    fc.property(text, text, text, (tool, status, detail) => {
      const line = auditLine({
        ...fields,
        v: 1,
        id: 'w-1',
        writer: 'w',
        seq: 1,
        at: '2026-11-20T12:00:00.000Z',
        tool,
        status,
        detail,
      })
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    }),
  )
})

test('property: visible text tells different texts apart, and visible JSON is the same value', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(visible(a, 1000) === visible(b, 1000)).toBe(a === b)
      expect(JSON.parse(visibleJson(JSON.stringify([a, { [b]: 1 }])))).toEqual([a, { [b]: 1 }])
    }),
  )
})
