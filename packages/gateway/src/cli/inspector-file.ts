/**
 * The configuration file of MCP clients such as the Inspector (`mcp.json`), with the header that carries the token. For
 * a file of mode 0600, and never for a terminal.
 */
export function inspectorFile(upstream: string, url: string, token: string): string {
  const server = { type: 'streamable-http', url, headers: { Authorization: `Bearer ${token}` } }
  return `${JSON.stringify({ mcpServers: { [upstream]: server } }, null, 2)}\n`
}
