import { readFile } from 'node:fs/promises'
import { CommandFailed, exitCode } from './command.ts'

/**
 * The configuration file of MCP clients such as the Inspector (`mcp.json`), with the header that carries the token. For
 * a file of mode 0600, and never for a terminal. Other servers that the file names stay in it.
 * @param existing what the file holds now.
 * @throws {CommandFailed} it holds something else.
 */
export function inspectorFile(existing: string | undefined, upstream: string, url: string, token: string): string {
  const content = existing === undefined ? {} : parsed(existing)
  const server = { type: 'streamable-http', url, headers: { Authorization: `Bearer ${token}` } }
  return `${JSON.stringify({ ...content, mcpServers: { ...content.mcpServers, [upstream]: server } }, null, 2)}\n`
}

/** Undefined where there is no such file. */
export async function readExisting(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new CommandFailed(exitCode.problems, `${file} cannot be read; name another place for \`--inspector\``)
  }
}

function parsed(text: string): { readonly mcpServers?: object } {
  const content = parseObject(text)
  const servers = content?.['mcpServers']
  if (content !== undefined && (servers === undefined || isObject(servers))) return content
  throw new CommandFailed(
    exitCode.problems,
    'the file of `--inspector` is there and is no client configuration with `mcpServers`; name another',
  )
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
