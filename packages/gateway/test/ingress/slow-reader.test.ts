import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { refuse } from '../../src/refusal.ts'
import { modern, type Perform, parseReply, type Rig, requestText, respond, sendRaw, startRig } from './rig.ts'

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

/** A client that reads nothing until told to. */
function connect(started: Rig, text: string): net.Socket {
  const socket = net.connect(started.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(text)
  return socket
}

describe('threat 95: a slow reader', () => {
  const big = 'x'.repeat(200_000)

  test('of many whose answers fill the memory together, the first are cut off and the last are not', async () => {
    const huge = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text: 'x'.repeat(12_000_000) } })
    const started = await start(
      async () => ({
        kind: 'response',
        json: huge,
        isError: false,
        status: 200,
        event: undefined,
        upstreamSession: undefined,
      }),
      { unreadBytes: 30_000_000 },
    )
    const closed: number[] = []
    const sockets = [0, 1, 2, 3].map((index) => {
      const socket = connect(started, '')
      socket.on('close', () => closed.push(index))
      return socket
    })
    for (const socket of sockets) {
      socket.write(requestText(started, call))
      await wait(60)
    }
    const received = await Promise.all(
      sockets.map(async (socket) => {
        let bytes = 0
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length
        })
        socket.resume()
        await expect
          .poll(() => bytes > 12_000_000 || closed.includes(sockets.indexOf(socket)), { timeout: 5_000 })
          .toBe(true)
        return bytes > 12_000_000
      }),
    )
    expect(received[0]).toBe(false)
    expect(received[3]).toBe(true)
    for (const socket of sockets) socket.destroy()
  })

  test('is waited for, and then reads everything', async () => {
    let waits = 0
    const started = await start(async (_, relay) => {
      relay.begin()
      for (let n = 0; n < 100; n++) {
        if (relay.event(note(`${n} ${big}`))) continue
        waits += 1
        await relay.drained()
      }
      return { kind: 'ended', status: 200 }
    })
    const socket = connect(started, requestText(started, call))
    let received = 0
    await wait(150)
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      socket.on('close', () => resolve())
      socket.resume()
    })
    expect(waits).toBeGreaterThan(0)
    expect(received).toBeGreaterThan(100 * 200_000)
  })

  test('of a stream is cut off after a while, and whoever waits for it is released', async () => {
    let gone = false
    let released = false
    const started = await start(
      async (_, relay) => {
        relay.onGone(() => {
          gone = true
        })
        relay.begin()
        while (!gone) {
          relay.event(note(big))
          await relay.drained()
        }
        released = true
        return { kind: 'ended', status: 200 }
      },
      { slowReaderMs: 150 },
    )
    connect(started, requestText(started, call))
    await expect.poll(() => [gone, released], { timeout: 5_000 }).toEqual([true, true])
  })

  test('is cut off at once where more waits than the bound, however little its sender waits', async () => {
    let written = 0
    const started = await start(
      async (_, relay) => {
        let gone = false
        relay.onGone(() => {
          gone = true
        })
        relay.begin()
        for (; !gone && written < 1_000; written++) {
          relay.event(note(big))
          await wait(0)
        }
        return { kind: 'ended', status: 200 }
      },
      { bufferedBytes: 500_000 },
    )
    connect(started, requestText(started, call))
    await expect.poll(() => written, { timeout: 5_000 }).toBeGreaterThan(2)
    await wait(300)
    expect(written).toBeLessThan(200)
  })

  test('of a whole answer is cut off too', async () => {
    const started = await start(({ call: read }) => respond(read.id, { text: 'x'.repeat(20_000_000) }), {
      slowReaderMs: 150,
    })
    const socket = connect(started, requestText(started, call))
    await wait(600)
    let received = 0
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      socket.on('close', () => resolve())
      socket.resume()
    })
    expect(received).toBeLessThan(20_000_000)
  })

  test('of a refusal that does not read: the connection ends all the same', async () => {
    const started = await start(() => refuse('internal', 'x'), { drainedMs: 100 })
    const text = requestText(started, {
      ...call,
      headers: { ...call.headers, Authorization: undefined, 'Content-Length': '1000' },
      body: '',
    })
    const reply = parseReply(await sendRaw(started.port, text, 3_000))
    expect(reply.status).toBe(401)
  })
})
