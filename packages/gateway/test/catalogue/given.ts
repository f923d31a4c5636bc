/** What the tests of the catalogue start from. */
import { createHash } from 'node:crypto'
import { createCatalogue } from '../../src/catalogue/catalogue.ts'
import { createSchemaCompiler, type SchemaCompiler } from '../../src/catalogue/schema-compiler.ts'
import type { JsonObject } from '../../src/mcp/call.ts'
import { canonicalJson } from '../../src/mcp/canonical-json.ts'
import { memoryStore } from './memory-store.ts'

export const compiler = createSchemaCompiler({ timeLimitMs: 20_000 })

const text = { type: 'object', properties: { x: { type: 'string' } } }
export const tool = (name: string, more: JsonObject = {}): JsonObject => ({ name, inputSchema: text, ...more })
export const pin = (definition: JsonObject) => createHash('sha256').update(canonicalJson(definition)).digest('hex')

export async function setUp(store = memoryStore(), by: SchemaCompiler = compiler) {
  let time = 1000
  const now = () => {
    time += 1
    return time
  }
  const open = () => createCatalogue({ store, tenant: 'default', now, compiler: by })
  return { store, open, catalogue: await open() }
}
