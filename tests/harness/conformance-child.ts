/** The fixture of the conformance suite as a stdio server; run as a process of its own. */
import { randomBytes } from 'node:crypto'
import { createRequestStateCodec } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createConformanceFeatures } from './conformance-features.ts'

const states = createRequestStateCodec({ key: randomBytes(32) })
serveStdio(() => createConformanceFeatures(states))
