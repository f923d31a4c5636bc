/** The one request that goes through every target: a `tools/call` of revision 2026-07-28, of about 500 bytes. */

export const toolName = 'lookup'

/** Stands in every right answer. */
export const answerMark = 'bench-answer'

/** Ids have this many digits, so that a request is written once and only its id changes. */
export const idDigits = 8

export interface BuiltRequest {
  readonly bytes: Buffer
  /** Where the digits of the id begin. */
  readonly idAt: number
}

export function buildRequest(url: URL, token: string): BuiltRequest {
  const placeholder = '9'.repeat(idDigits)
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: Number(placeholder),
    method: 'tools/call',
    params: {
      name: toolName,
      arguments: {
        query: 'annual revenue of the northern region by quarter, without the two divisions that were sold in spring',
        limit: 25,
        fields: ['name', 'region', 'quarter', 'revenue', 'currency'],
      },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  })
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `Host: ${url.host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'MCP-Protocol-Version: 2026-07-28',
    'Mcp-Method: tools/call',
    `Mcp-Name: ${toolName}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
  return { bytes, idAt: bytes.indexOf(`"id":${placeholder}`) + '"id":'.length }
}
