import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Relay } from '../../src/egress/port.ts'
import { refuse } from '../../src/refusal.ts'
import { initialize, modern, type Perform, type Rig, requestText, respond, send, startRig } from './rig.ts'

let rig: Rig | undefined
const start = async (perform: Perform, limits = {}) => {
  rig = await startRig({ perform, limits })
  return rig
}
afterEach(async () => {
  await rig?.stop()
  rig = undefined
})

const call = modern('tools/call', { name: 'echo' })
const note = (n: number | string) => ({ id: undefined, retry: undefined, data: `{"n":${JSON.stringify(n)}}` })

/** The chunks of a chunked body, joined. */
function unchunked(body: string): string {
  return body.replace(/(^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n0?\r?\n?$/, '')
}

/** A client that reads nothing until told to. */
function connect(started: Rig, text: string): net.Socket {
  const socket = net.connect(started.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(text)
  return socket
}

describe('a stream', () => {
  test('is relayed event by event, with the response as its last', async () => {
    const started = await start(({ call: read }, relay) => {
      relay.begin()
      relay.event({ id: 'e1', retry: 250, data: '' })
      relay.event(note(1))
      const result = respond(read.id, {})
      return result.kind === 'response' ? { ...result, event: { id: 'e2', retry: undefined } } : result
    })
    const reply = await send(started, call)
    expect([
      reply.status,
      ...['content-type', 'cache-control', 'x-accel-buffering', 'date'].map((name) => reply.headers.get(name)),
    ]).toEqual([200, 'text/event-stream', 'no-store', 'no', undefined])
    expect(unchunked(reply.body)).toBe(
      'id: e1\nretry: 250\ndata: \n\ndata: {"n":1}\n\nid: e2\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n',
    )
  })

  test('that has begun ends with the refusal', async () => {
    const started = await start((_, relay) => {
      relay.begin()
      return refuse('leak_incoming', 'the credential stood in the answer')
    })
    const reply = await send(started, call)
    expect(reply.status).toBe(200)
    const [, data = ''] = /data: (.*)\n/.exec(reply.body) ?? []
    expect(JSON.parse(data)).toMatchObject({
      id: 1,
      error: { code: 2007, data: { requestId: started.accepted[0]?.call.requestId } },
    })
  })

  test('to an initialize names the session before the response does', async () => {
    const started = await start(({ call: read }, relay) => {
      relay.begin()
      return respond(read.id, { protocolVersion: '2025-11-25' })
    })
    const reply = await send(started, initialize)
    expect(reply.headers.get('mcp-session-id')).toHaveLength(22)
    expect(started.sessions.size).toBe(1)
  })

  test('has its headers before its first event', async () => {
    const started = await start(async (_, relay) => {
      relay.begin()
      await wait(200)
      return { kind: 'ended', status: 200 }
    })
    const socket = connect(started, requestText(started, call))
    const [first] = await new Promise<[Buffer]>((resolve) =>
      socket.resume().once('data', (chunk: Buffer) => resolve([chunk])),
    )
    expect(first.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    socket.destroy()
  })

  test('is kept alive by comments while it is silent, and by nothing else', async () => {
    const started = await start(
      async (_, relay) => {
        relay.begin()
        await wait(260)
        relay.event(note(1))
        return { kind: 'ended', status: 200 }
      },
      { keepAliveMs: 50 },
    )
    const body = unchunked((await send(started, call)).body)
    expect(body.match(/^:\n\n/gm)?.length).toBeGreaterThanOrEqual(2)
    expect(body.replaceAll(':\n\n', '')).toBe('data: {"n":1}\n\n')
  })
})

describe('a client that goes', () => {
  const gone = async (act: (relay: Relay, done: () => void) => void, begin: boolean) => {
    let told = 0
    const started = await start(
      (_, relay) =>
        new Promise((resolve) => {
          if (begin) relay.begin()
          relay.onGone(() => {
            told += 1
          })
          act(relay, () => resolve({ kind: 'ended', status: 200 }))
        }),
    )
    const socket = connect(started, requestText(started, call))
    await expect.poll(() => started.accepted.length).toBe(1)
    return { socket, told: () => told }
  }

  test.each([true, false])('is told of once, whether the stream has begun or not: %s', async (begin) => {
    const { socket, told } = await gone((relay, done) => relay.onGone(done), begin)
    socket.destroy()
    await expect.poll(told).toBe(1)
    await wait(30)
    expect(told()).toBe(1)
  })

  test('is told of at once where it has gone already, and events to it go nowhere', async () => {
    let late: Relay | undefined
    const { socket } = await gone((relay) => {
      late = relay
    }, true)
    socket.destroy()
    await expect
      .poll(() => {
        let told = false
        late?.onGone(() => {
          told = true
        })()
        return told
      })
      .toBe(true)
    expect(late?.event(note(1))).toBe(true)
    await late?.drained()
  })

  test('after its whole answer is no news', async () => {
    let told = false
    const started = await start(({ call: read }, relay) => {
      relay.onGone(() => {
        told = true
      })
      return respond(read.id, {})
    })
    expect((await send(started, call)).status).toBe(200)
    await wait(30)
    expect(told).toBe(false)
  })

  test('whoever stopped listening is not told', async () => {
    let told = false
    const { socket } = await gone((relay, done) => {
      relay.onGone(() => {
        told = true
      })()
      relay.onGone(done)
    }, true)
    socket.destroy()
    await wait(50)
    expect(told).toBe(false)
  })
})

test('a response has few headers, and they are these', async () => {
  const started = await start(({ call: read }) => respond(read.id, { é: 'ü' }))
  const reply = await send(started, call)
  expect(Object.fromEntries(reply.headers)).toEqual({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(reply.body)),
    connection: 'close',
  })
  expect(reply.json.result).toEqual({ é: 'ü' })
})
