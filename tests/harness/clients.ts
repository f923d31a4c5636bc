/** Real MCP clients, pointed at one endpoint with one token. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as EarlierClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as EarlierTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const clientInfo = { name: 'sallyport-tests', version: '1.0.0' }

/** MCP SDK v2: asks for 2026-07-28 first and falls back. */
export async function connect(url: string, token: string, mode: 'auto' | 'legacy' = 'auto'): Promise<Client> {
  const client = new Client(clientInfo, { versionNegotiation: { mode } })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  )
  return client
}

/** MCP SDK v1: 2025-11-25 and sessions. */
export async function connectEarlier(url: string, token: string): Promise<EarlierClient> {
  const client = new EarlierClient(clientInfo, { capabilities: {} })
  const transport = new EarlierTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
  // the SDK's transport declares optional members that `exactOptionalPropertyTypes` tells apart
  await client.connect(transport as Parameters<EarlierClient['connect']>[0])
  return client
}
