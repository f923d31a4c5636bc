/** Violations to be planted: what each wall and each import rule must catch, evasions included. */

export interface Planting {
  readonly wall: string
  readonly file: string
  readonly code: string
  /** Further files, by path. */
  readonly others?: Readonly<Record<string, string>>
}

const gateway = 'packages/gateway/src'

const of = (wall: string, file: string, ...codes: readonly string[]): readonly Planting[] =>
  codes.map((code) => ({ wall, file, code }))

/** Caught by dependency-cruiser and by the scan alike, where the rule needs no graph. */
export const importPlantings: readonly Planting[] = [
  ...of('no-unresolved', `${gateway}/planted.ts`, `import './nowhere.ts'`),
  ...of('no-undeclared-packages', `${gateway}/planted.ts`, `import 'vitest'`),
  ...of(
    'no-deep-imports',
    `${gateway}/planted.ts`,
    `import type { Principal } from '../../guard/src/principal.ts'\nexport type P = Principal`,
  ),
  ...of('source-stays-in-source', `${gateway}/planted.ts`, `export * from '../../../tests/architecture/allowed.ts'`),
  ...of('source-stays-in-source', 'packages/guard/src/planted.ts', `export * from '../package.json'`),
  ...of('guard-stands-alone', 'packages/guard/src/planted.ts', `export { refuse } from '../../gateway/src/refusal.ts'`),
  ...of('raw-token-in-verify-alone', 'packages/guard/src/planted.ts', `export { rawToken } from './inbound-token.ts'`),
  ...of(
    'inner-door-knows-no-token',
    `${gateway}/credentials/planted.ts`,
    `import { InboundToken } from '../../../guard/src/inbound-token.ts'\nexport const a = InboundToken`,
    `export const a = await import('../../../guard/src/inbound-token.ts')`,
  ),
  ...of(
    'inner-door-knows-no-ingress',
    `${gateway}/egress/planted.ts`,
    `import type { Exchange } from '../ingress/exchange.ts'\nexport type E = Exchange`,
    `export * from '../ingress/exchange.ts'`,
  ),
  ...of(
    'pure-without-io',
    `${gateway}/mcp/planted.ts`,
    `import { readFileSync } from 'node:fs'\nexport const a = readFileSync`,
  ),
  ...of('pure-without-io', `${gateway}/policy/planted.ts`, `export const a = await import('net')`),
  ...of(
    'pure-without-io',
    `${gateway}/audit/entry-planted.ts`,
    `import type { Worker } from 'node:worker_threads'\nexport type W = Worker`,
  ),
  ...of('pure-without-reach', `${gateway}/mcp/planted.ts`, `export * from '../secrets/secret.ts'`),
  ...of('pure-without-packages', `${gateway}/mcp/planted.ts`, `import { z } from 'zod'\nexport const a = z`),
  ...of('one-adapter-of-the-engine', `${gateway}/planted.ts`, `export * from '@cedar-policy/cedar-wasm/nodejs'`),
  ...of(
    'only-egress-sends',
    `${gateway}/credentials/planted.ts`,
    `import { Pool } from 'undici'\nexport const a = Pool`,
  ),
  ...of(
    'only-egress-sends',
    `${gateway}/ingress/planted.ts`,
    `import { spawn } from 'node:child_process'\nexport const a = spawn`,
  ),
  ...of(
    'network-by-few',
    `${gateway}/identity/planted.ts`,
    `import { connect } from 'node:tls'\nexport const a = connect`,
  ),
  ...of(
    'store-imports-ports',
    `${gateway}/store/planted.ts`,
    `import { refuse } from '../refusal.ts'\nexport const a = refuse`,
  ),
  ...of('nothing-above-the-root', `${gateway}/planted.ts`, `import './cli/command.ts'`),
]

/** Needs the whole graph: dependency-cruiser alone. */
export const cyclePlantings: readonly Planting[] = [
  {
    wall: 'no-cycles',
    file: `${gateway}/planted.ts`,
    code: `import './planted-too.ts'`,
    others: { [`${gateway}/planted-too.ts`]: `import './planted.ts'` },
  },
]

/** What dependency-cruiser does not see, and the scan must. */
export const hiddenPlantings: readonly Planting[] = [
  ...of(
    'inner-door-knows-no-token',
    `${gateway}/egress/planted.ts`,
    `export type T = import('../../../guard/src/inbound-token.ts').InboundToken`,
  ),
  ...of(
    'inner-door-knows-no-ingress',
    `${gateway}/egress/planted.ts`,
    `export type T = import('../ingress/exchange.ts').Exchange`,
  ),
  {
    wall: 'inner-door-knows-no-ingress',
    file: `${gateway}/egress/planted.ts`,
    code: `import type { T } from '../planted-between.ts'\nexport type U = T`,
    others: { [`${gateway}/planted-between.ts`]: `export type T = import('./ingress/exchange.ts').Exchange` },
  },
  ...of('pure-without-io', `${gateway}/mcp/planted.ts`, `export const a = await import('node:' + 'fs')`),
]

export const wallPlantings: readonly Planting[] = [
  ...of(
    'pure modules use no ambient power',
    `${gateway}/mcp/planted.ts`,
    `export const a = Date.now()`,
    `export const a = new Date()`,
    `export const a = Date`,
    `export const a = Date['now']()`,
    `export const a = performance.now()`,
    `export const a = Math.random()`,
    `const m = Math\nexport const a = m.random()`,
    `export const a = process.env.HOME`,
    `const { env } = process\nexport const a = env`,
    `export const a = await fetch('https://example.com')`,
    `import { randomBytes } from 'node:crypto'\nexport const a = randomBytes(4)`,
    `import crypto from 'node:crypto'\nexport const a = crypto`,
  ),
  ...of('pure modules use no ambient power', `${gateway}/audit/entry-planted.ts`, `export const a = Date.now()`),
  ...of(
    'the inner door takes only these names of guard',
    `${gateway}/egress/planted.ts`,
    `import type { InboundToken } from '@sallyport/guard'\nexport type T = InboundToken`,
    `import { InboundToken as Harmless } from '@sallyport/guard'\nexport const a = Harmless`,
    `import * as guard from '@sallyport/guard'\nexport const a = guard`,
    `export * from '@sallyport/guard'`,
    `export type T = import('@sallyport/guard').InboundToken`,
    `export const a = await import('@sallyport/guard')`,
  ),
  ...of(
    'few see the inbound token',
    `${gateway}/planted.ts`,
    `export { InboundToken } from '@sallyport/guard'`,
    `export type { InboundToken as Harmless } from '@sallyport/guard'`,
    `import * as guard from '@sallyport/guard'\nexport const take = guard.InboundToken.fromAuthorization`,
    `export * from '@sallyport/guard'`,
    `export type T = import('@sallyport/guard').InboundToken`,
  ),
  ...of(
    'few connect to anything',
    `${gateway}/credentials/planted.ts`,
    `export const a = await fetch('https://example.com')`,
    `export const send = fetch`,
    `export class A {\n  async m() {\n    return fetch('https://example.com')\n  }\n}`,
    `export const a = { get send() {\n  return fetch\n} }`,
    `export const a = new WebSocket('wss://example.com')`,
    `import { request } from 'node:https'\nexport const a = request`,
    `import * as http from 'node:http'\nexport const a = http.request`,
    `import http from 'http'\nexport const a = http`,
    `import { connect } from 'node:net'\nexport const a = connect`,
    `export const a = await import('node:https')`,
  ),
  ...of(
    'few call something of their own by the name of the global fetch',
    `${gateway}/identity/planted.ts`,
    `export const a = (fetch: () => void) => fetch()\nexport const b = () => fetch('https://example.com')`,
  ),
  ...of(
    'who speaks OAuth as a client does so through the guarded fetch',
    `${gateway}/identity/planted.ts`,
    `import * as oauth from 'oauth4webapi'\nexport const a = oauth.discoveryRequest(new URL('https://example.com'))`,
  ),
  ...of(
    'few files name the header of tokens',
    `${gateway}/egress/planted.ts`,
    `export const a = 'authorization'`,
    `export const a = { Authorization: 'x' }`,
    `export const a = (h: Record<string, string>) => h.authorization`,
    `export const a = 'author' + 'ization'`,
    `export const a = \`proxy-\${'author'}ization\``,
    `export const a = 'AUTHORIZ\\x41TION'`,
    `export const a = 'Authorization: Bearer x'`,
    `export const a = /^authorization$/i`,
    `export const a = ({ authorization }: { authorization: string }) => authorization`,
  ),
  ...of(
    'few files mint',
    `${gateway}/egress/planted.ts`,
    `import { mint } from '../stages.ts'\nexport const a = mint`,
    `import { mint as stamp } from '../stages.ts'\nexport const a = stamp`,
    `import { mintCredential } from '../credentials/port.ts'\nexport const a = mintCredential`,
    `import * as stages from '../stages.ts'\nexport const a = stages`,
    `export * from '../stages.ts'`,
  ),
  ...of(
    'nobody asserts what only a stage may mint',
    `${gateway}/egress/planted.ts`,
    `import type { Intent } from '../stages.ts'\nexport const a = {} as unknown as Intent`,
    `import type { Credential } from '../credentials/port.ts'\nexport const a = {} as unknown as Credential<'other'>`,
    `import type * as stages from '../stages.ts'\nexport const a = {} as unknown as stages.Authorized`,
    `export const a = (egress: { invoke(intent: object): void }) => egress.invoke('x' as never)`,
    `export const a = 'x' as any`,
  ),
  ...of(
    'the raw token is read by verification alone',
    'packages/guard/src/planted.ts',
    `import { rawToken } from './inbound-token.ts'\nexport const a = rawToken`,
    `export { rawToken as harmless } from './inbound-token.ts'`,
  ),
  ...of(
    'the raw token is read by verification alone',
    'packages/guard/src/index.ts',
    `export { rawToken } from './inbound-token.ts'`,
  ),
  ...of(
    'the clock and chance are arguments',
    `${gateway}/egress/planted.ts`,
    `export const a = Date.now()`,
    `export const a = new Date()`,
    `export const a = Math.random()`,
    `export const a = performance.now()`,
    `export const a = process.hrtime.bigint()`,
    `import { performance as p } from 'node:perf_hooks'\nexport const a = p`,
    `import p from 'node:process'\nexport const a = p`,
  ),
  ...of(
    'no import, module or code that nobody can read',
    `${gateway}/egress/planted.ts`,
    `const name = 'x'\nexport const a = await import(name)`,
    `export const a = require('node:fs')`,
    `import { createRequire } from 'node:module'\nexport const a = createRequire`,
    `export const a = process.getBuiltinModule('node:fs')`,
    `export const a = globalThis`,
    `const p = process\nexport const a = p`,
    `export const a = (async () => {}).constructor('return fetch')`,
    `export const a = eval('1')`,
    `export const a = new Function('return 1')`,
    `import vm from 'node:vm'\nexport const a = vm`,
  ),
  ...of(
    'no name of a switch that forwards tokens',
    `${gateway}/config/planted.ts`,
    `export const keys = { passthrough: true }`,
    `export const flag = '--pass-through'`,
    `export const header = 'x-forward-authorization'`,
    `export const keys = ['forwardAuth']`,
    `export const keys = { forward_token: true }`,
    `export const keys = { relayClientToken: true }`,
    `export const keys = { authForwarding: 'on' }`,
    `export const keys = { keepInboundToken: false }`,
  ),
  ...of(
    'types are not switched off',
    `${gateway}/egress/planted.ts`,
    `// ${'@ts-'}ignore\nexport const a = 1`,
    `// ${'@ts-'}expect-error\nexport const a = 1`,
  ),
  ...of('a file has at most 300 lines', `${gateway}/egress/planted.ts`, '// a line\n'.repeat(301)),
]
