/**
 * The upstream of the conformance suite: both eras at one address, as MCP SDK v2 serves them. What it offers is in
 * conformance-features.ts.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, createRequestStateCodec, isLegacyRequest } from '@modelcontextprotocol/server'
import { createConformanceFeatures } from './conformance-features.ts'
import { createConformanceSessions } from './conformance-sessions.ts'
import type { RunningUpstream } from './upstreams.ts'

export async function startConformanceServer(): Promise<RunningUpstream> {
  const states = createRequestStateCodec({ key: randomBytes(32) })
  const features = () =>
    createConformanceFeatures(states, {
      tools: () => modern.notify.toolsChanged(),
      prompts: () => modern.notify.promptsChanged(),
    })
  const modern = createMcpHandler(features, { legacy: 'reject' })
  const earlier = createConformanceSessions(features)
  const handler = toNodeHandler({
    fetch: async (request, options) =>
      (await isLegacyRequest(request)) ? earlier.handle(request) : modern.fetch(request, options),
  })
  const validHost = localhostHostValidation()
  const validOrigin = localhostOriginValidation()
  const server = createServer((request, response) => {
    if (!validHost(request, response) || !validOrigin(request, response)) return
    handler(request as Parameters<typeof handler>[0], response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await Promise.all([closed, modern.close(), earlier.close()])
    },
  }
}
