/** Writes docs/configuration.md from the schema of the configuration. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configurationReference } from '../packages/gateway/src/config/reference.ts'

writeFileSync(fileURLToPath(new URL('../docs/configuration.md', import.meta.url)), configurationReference())
