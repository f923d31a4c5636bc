/** The walls that are more than imports between folders. See wall.ts for what an entry of a list means. */
import { createRequire } from 'node:module'
import * as allowed from './allowed.ts'
import type { Facts } from './facts.ts'
import type { SourceFile } from './tree.ts'
import type { Wall } from './wall.ts'

const everywhere = /^packages\/[^/]+\/src\//
const gateway = /^packages\/gateway\/src\//
const innerDoor = /^packages\/gateway\/src\/(egress|credentials)\//
const { pure: purePatterns } = createRequire(import.meta.url)('./pure.cjs') as { readonly pure: readonly string[] }
const pure = new RegExp(purePatterns.join('|'))
const nobody: ReadonlyMap<string, string> = new Map()

const clocks = /^(Date(\.now)?|performance(\.|$)|process\.(hrtime|uptime)|Math(\.random)?$)/
const powers =
  /^(Date|performance|Math|process|fetch|WebSocket|EventSource|XMLHttpRequest|BroadcastChannel|navigator)(\.|$)/
const senders = /^(fetch|WebSocket|EventSource|XMLHttpRequest|BroadcastChannel|navigator)$/
const anything =
  /^(globalThis|global|eval|Function|(own )?require|process|\.constructor|import\.meta\.resolve|process\.(binding|getBuiltinModule|dlopen|mainModule|\[computed\]))$/

/** Of Node's network modules: what listens, describes or computes, and connects to nothing. */
const passive = new Set([
  'createServer',
  'Server',
  'IncomingMessage',
  'ServerResponse',
  'STATUS_CODES',
  'METHODS',
  'maxHeaderSize',
  'validateHeaderName',
  'validateHeaderValue',
  'isIP',
  'isIPv4',
  'isIPv6',
  'BlockList',
  'SocketAddress',
  'AddressInfo',
])
const network = /^(node:)?(http|https|http2|net|tls|dgram)$/

/** A switch that puts the token back, under any of the names such switches have had. */
const forwards =
  /pass[_-]?through|(forward|relay|propagate|transit|reuse|keep|preserve|inherit)[_-]?(inbound|incoming|client|caller|user|request|access|bearer|original)?[_-]?(auth|token|credential|bearer)|(auth|token|credential|bearer|authorization)[_-]?(headers?[_-]?)?(forward|relay|propagat)/i

/** The name itself, in any case; not the words `authorization server`. */
const header = /(?<!\w)authorization(?![\w]|[ -]servers?\b)/i

export const walls: readonly Wall[] = [
  {
    name: 'pure modules use no ambient power',
    around: pure,
    allowed: nobody,
    offends: ({ facts }) => [...powersOf(facts, powers), ...cryptoOf(facts)],
  },
  {
    name: 'the inner door takes only these names of guard',
    around: innerDoor,
    allowed: nobody,
    offends: ({ facts }) =>
      namesFrom(facts, '@sallyport/guard').filter((name) => !allowed.innerDoorGuardNames.has(name)),
  },
  {
    name: 'few see the inbound token',
    around: gateway,
    allowed: allowed.takesTheToken,
    offends: ({ facts }) =>
      namesFrom(facts, '@sallyport/guard').filter((name) => name === 'InboundToken' || name === '*'),
  },
  {
    name: 'few connect to anything',
    around: everywhere,
    allowed: allowed.connects,
    offends: ({ facts }) => [
      ...powersOf(facts, senders),
      ...facts.imports
        .filter(({ from, typeOnly }) => from !== undefined && !typeOnly && network.test(from))
        .flatMap(({ from, names }) => names.filter((name) => !passive.has(name)).map((name) => `${name} of ${from}`)),
    ],
  },
  {
    name: 'few call something of their own by the name of the global fetch',
    around: everywhere,
    allowed: allowed.ownFetch,
    offends: ({ facts }) =>
      powersOf(facts, /^own (fetch|WebSocket|EventSource|XMLHttpRequest|BroadcastChannel|navigator)$/),
  },
  {
    name: 'who speaks OAuth as a client does so through the guarded fetch',
    around: everywhere,
    allowed: allowed.unguardedOAuth,
    offends: ({ facts }) =>
      importsValue(facts, 'oauth4webapi') && !facts.words.includes('customFetch')
        ? ['oauth4webapi with the global fetch']
        : [],
  },
  {
    name: 'few files name the header of tokens',
    around: gateway,
    allowed: allowed.namesTheHeader,
    offends: ({ facts }) => facts.words.filter((word) => header.test(word)),
  },
  {
    name: 'few files mint',
    around: gateway,
    allowed: allowed.mints,
    offends: ({ facts }) => facts.imports.flatMap(({ from, names }) => mintsOf(from, names)),
  },
  {
    name: 'nobody asserts what only a stage may mint',
    around: everywhere,
    allowed: allowed.asserts,
    offends: ({ facts }) =>
      [...facts.casts].filter((name) =>
        /^(Authorized|Plan|Intent|Credential|Seal|TokenSeal|InboundToken|Principal|never|any)$/.test(name),
      ),
  },
  {
    name: 'the raw token is read by verification alone',
    around: everywhere,
    allowed: new Map([[/^packages\/guard\/src\/verify\//, 'verification']]),
    offends: ({ facts }) =>
      facts.imports.filter(({ names }) => names.includes('rawToken')).map(({ from }) => `rawToken of ${from}`),
  },
  {
    name: 'the clock and chance are arguments',
    around: gateway,
    allowed: allowed.readsTheClock,
    offends: ({ facts }) => [
      ...powersOf(facts, clocks),
      ...namesFrom(facts, 'node:perf_hooks'),
      ...namesFrom(facts, 'node:process'),
    ],
  },
  {
    name: 'no import, module or code that nobody can read',
    around: everywhere,
    allowed: allowed.unreadable,
    offends: ({ facts }) => [
      ...facts.imports.filter(({ from }) => from === undefined).map(() => 'a computed import'),
      ...powersOf(facts, anything),
      ...facts.imports
        .filter(({ from }) => /^(node:)?(module|vm|inspector|repl)$/.test(from ?? ''))
        .map(({ from }) => String(from)),
    ],
  },
  {
    name: 'no name of a switch that forwards tokens',
    around: everywhere,
    allowed: nobody,
    offends: ({ facts }) => facts.words.filter((word) => forwards.test(word)),
  },
  {
    name: 'types are not switched off',
    around: everywhere,
    allowed: nobody,
    offends: ({ text }) => text.match(/@ts-(ignore|nocheck|expect-error)/g) ?? [],
  },
  {
    name: 'a file has at most 300 lines',
    around: everywhere,
    allowed: nobody,
    offends: (file) => (linesOf(file) > 300 ? [`${linesOf(file)} lines`] : []),
  },
]

function linesOf({ text }: SourceFile): number {
  return text.replace(/\n$/, '').split('\n').length
}

function powersOf(facts: Facts, pattern: RegExp): readonly string[] {
  return [...facts.powers].filter((power) => pattern.test(power))
}

function namesFrom(facts: Facts, module: string): readonly string[] {
  const bare = module.replace(/^node:/, '')
  return facts.imports.filter(({ from }) => from === module || from === bare).flatMap(({ names }) => names)
}

function importsValue(facts: Facts, module: string): boolean {
  return facts.imports.some(({ from, typeOnly }) => from === module && !typeOnly)
}

function cryptoOf(facts: Facts): readonly string[] {
  return namesFrom(facts, 'node:crypto')
    .filter((name) => !allowed.computingCrypto.has(name))
    .map((name) => `${name} of node:crypto`)
}

function mintsOf(from: string | undefined, names: readonly string[]): readonly string[] {
  const minting = names.filter((name) => name === 'mint' || name === 'mintCredential')
  const whole =
    names.includes('*') && /\/(stages|credentials\/port|port)\.ts$/.test(from ?? '') ? [`all of ${from}`] : []
  return [...minting, ...whole]
}
