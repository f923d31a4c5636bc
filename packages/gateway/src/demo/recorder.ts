/** Every byte that a server gets, before any parser has seen it. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Recorder {
  /** One recording for each connection, so that a secret across two chunks is found. */
  recordings(): readonly Buffer[]
}

const recordedBytes = 64 * 1024 * 1024

export function recordConnections(server: Server): Recorder {
  const connections: Buffer[][] = []
  let total = 0
  server.on('connection', (socket: Socket) => {
    const chunks: Buffer[] = []
    connections.push(chunks)
    socket.on('data', (chunk: Buffer) => {
      total += chunk.length
      if (total > recordedBytes) socket.destroy(new Error('more than can be recorded'))
      else chunks.push(chunk)
    })
  })
  return { recordings: () => connections.map((chunks) => Buffer.concat(chunks)) }
}

/** Fresh in each request and known to be worth nothing: they would crowd out what may be worth something. */
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** What in these bytes could be a token: long, with letters and digits, of the characters of RFC 6750 section 2.1. */
export function tokensIn(recordings: readonly Buffer[], limit = 32): readonly string[] {
  const found = new Set<string>()
  for (const bytes of recordings) {
    for (const [candidate] of bytes.toString('latin1').matchAll(/[A-Za-z0-9\-._~+/]{20,4096}=*/g)) {
      if (!/[0-9]/.test(candidate) || !/[A-Za-z]/.test(candidate)) continue
      if (candidate.includes('modelcontextprotocol') || traceparent.test(candidate)) continue
      found.add(candidate)
      if (found.size >= limit) return [...found]
    }
  }
  return [...found]
}
