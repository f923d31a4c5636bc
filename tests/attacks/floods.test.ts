/** Threat group I and what lasts too long, at a running gateway: one client or upstream takes nothing from the others. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CapturingUpstream, json } from '../harness/capture.ts'
import { type RunningGateway, repository, startGateway } from '../harness/gateway.ts'
import { type ModernCall, modernRequest, type RawAnswer, sendModern, sendRaw } from '../harness/raw.ts'
import { EarlierSession, until } from '../harness/session.ts'

let upstream: CapturingUpstream
let other: CapturingUpstream
let gateway: RunningGateway
let token: string
let otherToken: string

beforeAll(async () => {
  ;[upstream, other] = await Promise.all([CapturingUpstream.start(), CapturingUpstream.start()])
  const limits = { responseTimeoutMs: 600, idleTimeoutMs: 1000 }
  gateway = await startGateway({
    upstreams: [
      { name: 'vendor', url: upstream.url, limits },
      { name: 'other', url: other.url },
      {
        name: 'child',
        command: process.execPath,
        args: [path.join(repository, 'tests', 'harness', 'flooding-child.mjs')],
      },
    ],
    clients: { agent: undefined, stranger: undefined },
  })
  token = await gateway.token('vendor')
  otherToken = await gateway.token('other')
  expect((await call()).status).toBe(200)
  expect((await callOther()).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([upstream?.stop(), other?.stop()])
})

beforeEach(() => {
  upstream.requests = 0
  upstream.misbehave = () => false
})

const hello = { name: 'echo', params: { name: 'echo', arguments: { message: 'hello' } } }

function call(more: Partial<ModernCall> = {}): Promise<RawAnswer> {
  return sendModern({ url: gateway.endpoint('vendor'), token, ...hello, ...more })
}

function callOther(): Promise<RawAnswer> {
  return sendModern({ url: gateway.endpoint('other'), token: otherToken, ...hello })
}

function memoryMib(): number {
  const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** Writes to the gateway as fast as it takes it. */
async function pour(socket: Socket, piece: Buffer, times: number): Promise<void> {
  for (let left = times; left > 0 && !socket.destroyed; left -= 1)
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
}

describe.runIf(process.platform === 'linux')('threats 91 and 94: a byte at a time', () => {
  const bytes = 1_000_000

  test('in a request costs about as many bytes as it has', async () => {
    const { hostname, port, pathname, host } = new URL(gateway.endpoint('vendor'))
    const socket = connect(Number(port), hostname).on('error', () => {})
    const head = [
      `POST ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Authorization: Bearer ${token}`,
      'Transfer-Encoding: chunked',
    ]
    const before = memoryMib()
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    await pour(socket, Buffer.from('1\r\n \r\n'.repeat(10_000)), bytes / 10_000)
    expect(memoryMib() - before).toBeLessThan(150)
    socket.destroy()
  })

  test('in an answer, too', async () => {
    upstream.misbehave = (_, request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      void pour(request.socket, Buffer.from('1\r\n \r\n'.repeat(10_000)), bytes / 10_000).then(() =>
        request.socket.end(),
      )
      return true
    }
    const before = memoryMib()
    expect((await call()).status).toBe(503)
    expect(memoryMib() - before).toBeLessThan(150)
  })
})

describe('sizes', () => {
  const raw = (edit: (request: string) => string) =>
    sendRaw(gateway.url, edit(modernRequest({ url: gateway.endpoint('vendor'), token, ...hello })))

  test.each<[string, number, (request: string) => string]>([
    [
      'threat 91: a header of 20 KiB',
      431,
      (request) => request.replace('Accept:', `X-A: ${'a'.repeat(20_480)}\r\nAccept:`),
    ],
    ['threat 91: 200 headers', 431, (request) => request.replace('Accept:', `${'X-A: 1\r\n'.repeat(200)}Accept:`)],
    ['threat 91: a body of 5 MiB', 413, (request) => request.replace(/Content-Length: \d+/, 'Content-Length: 5242880')],
    ['threat 93: an encoding', 415, (request) => request.replace('Accept:', 'Content-Encoding: br\r\nAccept:')],
    [
      'threat 93: fifty encodings',
      415,
      (request) => request.replace('Accept:', `Content-Encoding: ${Array(50).fill('gzip').join(', ')}\r\nAccept:`),
    ],
    ['two lengths', 400, (request) => request.replace('Content-Length:', 'Content-Length: 1\r\nContent-Length:')],
    [
      'a length and chunks',
      400,
      (request) => request.replace('Content-Length:', 'Transfer-Encoding: chunked\r\nContent-Length:'),
    ],
  ])('%s', async (_, status, edit) => {
    expect((await raw(edit)).status).toBe(status)
    expect(upstream.requests).toBe(0)
  })

  test('threat 93: a compressed answer, which could not be searched, is not taken', async () => {
    upstream.misbehave = (_, request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity')
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(1 << 24)))
      return true
    }
    expect((await call()).status).toBe(503)
  })
})

describe('times', () => {
  test('threat 96: half an answer, and no second send', async () => {
    for (const end of ['end', 'reset'] as const) {
      upstream.requests = 0
      upstream.misbehave = (_, request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 }).write('{"jsonrpc"')
        setTimeout(() => (end === 'end' ? request.socket.end() : request.socket.resetAndDestroy()), 20)
        return true
      }
      expect((await call()).status, end).toBe(503)
      expect(upstream.requests).toBe(1)
    }
    const [outcome] = (await gateway.auditWhere(({ status }) => status === 'upstream_unavailable')).slice(-1)
    expect(outcome?.detail).toContain('may have run')
  })

  test.each([
    ['a good status', 200, 'application/json'],
    ['a bad status', 500, 'text/plain'],
  ])('threat 94: an answer of %s that drips without end', async (_, status, type) => {
    upstream.misbehave = (__, ___, response) => {
      response.writeHead(status, { 'content-type': type })
      const drip = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(drip))
      return true
    }
    expect((await call()).status).toBe(503)
  })

  test('threat 94: a stream without end ends with its client', async () => {
    let closed = false
    upstream.misbehave = (_, __, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const notice = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n\n'
      const drip = setInterval(() => response.write(notice), 20)
      response.on('close', () => {
        clearInterval(drip)
        closed = true
      })
      return true
    }
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname).on('error', () => {})
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.write(modernRequest({ url: gateway.endpoint('vendor'), token, ...hello }))
    await until('events come', () => received.includes('notifications/message'))
    socket.destroy()
    await until('the upstream is let go', () => closed)
  })

  test('threat 97: an answer that nobody asked for costs its connection, and reaches nobody', async () => {
    upstream.misbehave = (message, request) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { resultType: 'complete', content: [] } })
      const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      request.socket.write(`${answer}${answer.replace('"content":[]', '"content":[1]')}`)
      return true
    }
    expect((await call()).body).toContain('"content":[]')
    upstream.misbehave = () => false
    const answers = await Promise.all([call(), call(), call()])
    for (const { body } of answers) expect(body).not.toContain('"content":[1]')
  })
})

describe('one principal', () => {
  test('threat 101: takes no connection from others by its streams', async () => {
    upstream.misbehave = (_, request, response) => {
      if (request.method !== 'GET') return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      return true
    }
    const session = await EarlierSession.open(gateway.endpoint('vendor'), token)
    const streams = Array.from({ length: 80 }, () => session.listen())
    await until('each was answered', () => streams.every(({ status }) => status !== 0))
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(64)
    expect(streams.filter(({ status }) => status === 429)).toHaveLength(16)
    const stranger = await gateway.token('vendor', { client: 'stranger' })
    expect((await call({ token: stranger })).status).toBe(200)
    expect((await call()).status).toBe(200)
    for (const stream of streams) stream.stop()
    await until('there is room again', async () => {
      const again = session.listen()
      await until('it was answered', () => again.status !== 0)
      again.stop()
      return again.status === 200
    })
  })

  test('threat 101: opens sessions without end, and those of others live on', async () => {
    const url = gateway.endpoint('vendor')
    const theirs = await EarlierSession.open(url, await gateway.token('vendor', { client: 'stranger' }))
    const first = await EarlierSession.open(url, token)
    for (let opened = 0; opened < 64; opened += 1) await EarlierSession.open(url, token)
    expect((await first.post({ id: 1, method: 'tools/list' })).status).toBe(404)
    expect((await theirs.post({ id: 1, method: 'tools/list' })).status).toBe(200)
  })

  test('threat 12: a stream ends within five seconds of its token’s revocation', async () => {
    other.misbehave = (_, request, response) => {
      if (request.method !== 'GET') return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      return true
    }
    const url = gateway.endpoint('other')
    const revoked = await gateway.token('other')
    const doomed = (await EarlierSession.open(url, revoked)).listen()
    const kept = (await EarlierSession.open(url, otherToken)).listen()
    await until('both are open', () => doomed.status === 200 && kept.status === 200)
    const basic = Buffer.from(`agent:${gateway.secrets.agent}`).toString('base64')
    await fetch(`${gateway.url}/oauth/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token: revoked }),
    })
    await until('it has ended', () => doomed.closed)
    expect(kept.closed).toBe(false)
    kept.stop()
    other.misbehave = () => false
  })
})

describe('threat 101: a stdio upstream that writes without end', () => {
  test.each(['notifications', 'questions', 'answers', 'lines', 'endless', 'errors'])('%s', async (name) => {
    const url = gateway.endpoint('child')
    const presented = await gateway.token('child')
    await until(
      'it is started again',
      async () => (await sendModern({ url, token: presented, name, params: { name, arguments: {} } })).status === 200,
      15_000,
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    const from = performance.now()
    for (let calls = 0; calls < 10; calls += 1) expect((await callOther()).status).toBe(200)
    expect(performance.now() - from).toBeLessThan(1_500)
  })
})

describe('the gateway itself', () => {
  test('threat 34: opens no debugger for whoever asks by a signal', async () => {
    gateway.process.kill('SIGUSR1')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(gateway.output).not.toContain('Debugger')
    expect((await callOther()).status).toBe(200)
  })

  test('threat 90: gives a client ten seconds for its headers', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname).on('error', () => {})
    let answer = ''
    let closed = false
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => {
      closed = true
    })
    socket.write('POST /mcp/vendor HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('X-A: 1\r\n'), 500)
    await until('it is closed', () => closed, 20_000)
    clearInterval(drip)
    expect(answer).toContain('408')
  })

  test('is there after all of this, and has said nothing of faults', async () => {
    expect((await call()).status).toBe(200)
    expect((await fetch(`${gateway.ops}/readyz`)).status).toBe(200)
    expect(gateway.output).not.toContain('"level":"error"')
  })
})

test('an upstream that is asked for nothing special answers as ever', async () => {
  upstream.misbehave = (message, _, response) => {
    json(response, { jsonrpc: '2.0', id: message.id, result: { resultType: 'complete', content: [] } })
    return true
  }
  expect((await call()).status).toBe(200)
})
