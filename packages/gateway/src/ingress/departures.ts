import type { Socket } from 'node:net'

/**
 * Tells when a client has gone: its connection closed. One listener for each connection, as one for each response costs
 * more than all else that a call does here: through it V8 takes finished requests for alive until its next full collection.
 */
const watched = new WeakMap<Socket, (() => void)[]>()

/** Calls back once when the connection closes. Returns how to stop waiting. @param socket that is still open. */
export function onDeparture(socket: Socket, callback: () => void): () => void {
  const callbacks = watched.get(socket) ?? watch(socket)
  callbacks.push(callback)
  return () => {
    const at = callbacks.indexOf(callback)
    if (at >= 0) callbacks.splice(at, 1)
  }
}

function watch(socket: Socket): (() => void)[] {
  const callbacks: (() => void)[] = []
  watched.set(socket, callbacks)
  socket.once('close', () => {
    for (const callback of callbacks.splice(0)) callback()
  })
  return callbacks
}
