/** Who calls a message what: ids of the client, of us and of the upstream, within one session of the earlier era. */
import type { JsonRpcId } from '../mcp/call.ts'
import type { Session } from '../mcp/session.ts'

/** Of each kind, per session; the oldest gives way, so that a client which never answers cannot end its own session. */
const maxRemembered = 256

/** An upstream's request goes to the client under our id. */
export function rememberAsked(session: Session, ours: JsonRpcId, theirs: JsonRpcId): void {
  remember(session.asked, ours, theirs)
}

/** The upstream's id of the request that the client answers; each is answered once. */
export function takeAsked(session: Session, ours: JsonRpcId): JsonRpcId | undefined {
  const theirs = session.asked.get(ours)
  session.asked.delete(ours)
  return theirs
}

/** The upstream calls its own request off: our id of it, which is then forgotten. */
export function cancelAsked(session: Session, theirs: JsonRpcId): JsonRpcId | undefined {
  const ours = keyOf(session.asked, theirs)
  if (ours !== undefined) session.asked.delete(ours)
  return ours
}

/** A client's request went out under our id. */
export function rememberSent(session: Session, clients: JsonRpcId, ours: JsonRpcId): void {
  remember(session.sent, clients, ours)
}

export function forgetSent(session: Session, clients: JsonRpcId, ours: JsonRpcId): void {
  if (session.sent.get(clients) === ours) session.sent.delete(clients)
}

/** The response to a request whose stream the client resumed: the client's id of it, which is then forgotten. */
export function takeSent(session: Session, ours: JsonRpcId): JsonRpcId | undefined {
  const clients = keyOf(session.sent, ours)
  if (clients !== undefined) session.sent.delete(clients)
  return clients
}

function remember(map: Map<JsonRpcId, JsonRpcId>, key: JsonRpcId, value: JsonRpcId): void {
  map.delete(key)
  if (map.size >= maxRemembered) {
    const oldest = map.keys().next()
    if (oldest.done !== true) map.delete(oldest.value)
  }
  map.set(key, value)
}

function keyOf(map: ReadonlyMap<JsonRpcId, JsonRpcId>, value: JsonRpcId): JsonRpcId | undefined {
  for (const [key, held] of map) if (held === value) return key
  return undefined
}
