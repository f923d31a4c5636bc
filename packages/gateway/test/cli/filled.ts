/** A store with tool definitions in it, below a terminal. */
import { hash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { JsonObject } from '../../src/mcp/call.ts'
import { canonicalJson } from '../../src/mcp/canonical-json.ts'
import { openSqliteStore, type StoredTool } from '../../src/store/index.ts'
import type { Terminal } from './rig.ts'

export const seenAt = Date.UTC(2026, 10, 19, 8)

/** A stored definition of `vendor`; what is in it tells it from others of its name. */
export function stored(name: string, definition: JsonObject, state: StoredTool['state'] = 'accepted'): StoredTool {
  const text = canonicalJson({ name, ...definition })
  return {
    tenant: 'default',
    upstream: 'vendor',
    name,
    hash: hash('sha256', text),
    definition: text,
    state,
    pendingReason: state === 'pending' ? 'changed' : undefined,
    seenAt,
    acceptedAt: state === 'accepted' ? seenAt : undefined,
  }
}

export async function fill(terminal: Terminal, tools: readonly StoredTool[]): Promise<void> {
  await mkdir(path.join(terminal.folder, 'data'))
  const store = await openSqliteStore(path.join(terminal.folder, 'data/sallyport.db'))
  await store.catalogue.add(tools)
  await store.close()
}
