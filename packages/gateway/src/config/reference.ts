/** docs/configuration.md, from the descriptions of the schema. Pure. */
import { z } from 'zod'
import { configSchema, laterKeys } from './schema.ts'

type JsonSchema = z.core.JSONSchema.JSONSchema

const intro = `# Configuration: \`sallyport.yaml\`

Made from the schema by \`scripts/configuration-reference.ts\`; edit the descriptions there, not this file.

YAML 1.2, and so JSON. Found by \`--config FILE\`, by \`SALLYPORT_CONFIG\`, or as \`./sallyport.yaml\`. Paths are relative to the
folder of the file. Unknown and repeated keys, aliases and merge keys are errors. \`sallyport check\` tells every mistake at
once, as \`file:line:column path: what is wrong, what to do\`; \`sallyport init\` writes a file to start from.

**Secrets are references**, never values: \`\${NAME}\` is an environment variable, \`file:PATH\` the contents of a file (without its
last line break). Between braces put them in quotes: \`{ type: bearer, token: "\${VENDOR_KEY}" }\`. One secret never serves two
upstreams, and a token of Sallyport or of an accepted issuer is no credential for an upstream.
`

/** The whole document, as Markdown. */
export function configurationReference(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' })
  const later = Object.entries(laterKeys).map(([key, help]) => `- \`${key}\`: ${help}.\n`)
  return `${intro}\n${section('Top level', schema, '')}\n## Not known yet\n\nErrors in this version:\n\n${later.join('')}`
}

function section(title: string, schema: JsonSchema, path: string): string {
  const required = new Set(schema.required ?? [])
  const properties = Object.entries(schema.properties ?? {}).filter(
    (entry): entry is [string, JsonSchema] => typeof entry[1] === 'object',
  )
  const rows = properties.map(([key, property]) => row(key, property, required.has(key)))
  const nested = properties.flatMap(([key, property]) => sectionsOf(property, path === '' ? key : `${path}.${key}`))
  return `## ${title}\n\n${table(rows)}${nested.map((text) => `\n${text}`).join('')}`
}

function table(rows: readonly string[]): string {
  return rows.length === 0
    ? 'No keys.\n'
    : `| key | value | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`
}

/** Sections for what is inside a value: the keys of a mapping, of a list's items, of each kind of a union. */
function sectionsOf(schema: JsonSchema, path: string): readonly string[] {
  if (schema.oneOf !== undefined) {
    return schema.oneOf
      .filter((option) => typeof option === 'object')
      .map((option) => {
        const type = typeof option.properties?.['type'] === 'object' ? String(option.properties['type'].const) : ''
        const { type: _, ...properties } = option.properties ?? {}
        const text = section(`\`${path}\` of type \`${type}\``, { ...option, properties }, path)
        return text.replace('\n\n', `\n\n${option.description ?? ''}\n\n`)
      })
  }
  const item =
    schema.type === 'array' && typeof schema.items === 'object' && !Array.isArray(schema.items)
      ? schema.items
      : undefined
  if (item?.properties !== undefined) return [section(`\`${path}[]\``, item, `${path}[]`)]
  if (schema.properties !== undefined) return [section(`\`${path}\``, schema, path)]
  const member = schema.additionalProperties
  return typeof member === 'object' && member.properties !== undefined
    ? [section(`\`${path}.NAME\``, member, `${path}.NAME`)]
    : []
}

function row(key: string, schema: JsonSchema, required: boolean): string {
  const shown =
    schema.default === undefined || typeof schema.default === 'object'
      ? listDefault(schema.default)
      : `\`${String(schema.default)}\``
  const meaning = (schema.description ?? '').replaceAll('|', '\\|')
  return `| \`${key}\` | ${kindOf(schema)} | ${required ? 'required' : shown} | ${meaning} |\n`
}

function listDefault(value: unknown): string {
  return Array.isArray(value) ? `\`[${value.join(', ')}]\`` : ''
}

function kindOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((option) => `\`${String(option)}\``).join(' or ')
  if (schema.oneOf !== undefined) return 'mapping with `type`'
  if (schema.type === 'array') {
    const item = typeof schema.items === 'object' && !Array.isArray(schema.items) ? kindOf(schema.items) : ''
    return `list of ${item}`
  }
  if (schema.type === 'integer') return `${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'boolean') return '`true` or `false`'
  return schema.type === 'object' ? 'mapping' : 'text'
}
