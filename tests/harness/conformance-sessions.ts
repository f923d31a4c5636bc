/** Sessions of 2025-11-25 whose streams can be resumed. */
import { randomUUID } from 'node:crypto'
import {
  type EventStore,
  type JSONRPCMessage,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'

export interface ConformanceSessions {
  handle(request: Request): Promise<Response>
  close(): Promise<void>
}

export function createConformanceSessions(features: () => McpServer): ConformanceSessions {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  return {
    async handle(request) {
      const id = request.headers.get('mcp-session-id')
      const known = id === null ? undefined : sessions.get(id)
      if (known !== undefined) return known.handleRequest(request)
      if (id !== null) return new Response('no such session\n', { status: 404 })
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        eventStore: new Events(),
        retryInterval: 100,
        onsessioninitialized: (opened) => void sessions.set(opened, transport),
        onsessionclosed: (closed) => void sessions.delete(closed),
      })
      await features().connect(transport)
      return transport.handleRequest(request)
    },
    close: async () => void (await Promise.all([...sessions.values()].map((session) => session.close()))),
  }
}

class Events implements EventStore {
  readonly #events: { stream: string; message: JSONRPCMessage }[] = []

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    return `event-${this.#events.push({ stream, message })}`
  }

  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const after = Number(last.replace('event-', ''))
    const stream = this.#events[after - 1]?.stream ?? ''
    for (const [index, event] of this.#events.entries()) {
      if (index >= after && event.stream === stream) await send(`event-${index + 1}`, event.message)
    }
    return stream
  }
}
