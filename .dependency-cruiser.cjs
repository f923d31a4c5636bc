/**
 * Who may import whom (design, "Layout"). `tests/architecture` plants a violation of each rule and sees it caught, and
 * reads these same rules to judge the imports that dependency-cruiser does not see (`import('…').T`).
 */
const { Visitor } = require('@swc/core/Visitor.js')
const { pure } = require('./tests/architecture/pure.cjs')

// The visitor of this version of swc throws on `using`, which it parses; one such file would blind every rule.
const { visitStatement } = Visitor.prototype
Visitor.prototype.visitStatement = function (node) {
  if (node.type !== 'UsingDeclaration') return visitStatement.call(this, node)
  this.visitVariableDeclarators(node.decls)
  return node
}

const gateway = '^packages/gateway/src/'

/** Node's modules that compute and do nothing else; what may be taken of `crypto` is in tests/architecture/allowed.ts. */
const computing = '^(node:)?(buffer|crypto|util)$'

/** Node's modules that reach the network or start programs. */
const reaching = '^(node:)?(child_process|cluster|dgram|dns|dns/promises|http2|inspector|tls|worker_threads)$'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'an import that does not resolve is one that no other rule can judge',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'a published package has only what its own package.json declares',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-deep-imports',
      comment: 'another package is imported by its name, never by a path inside it',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', '^packages/[^/]+/src/index[.]ts$'] },
    },
    {
      name: 'source-stays-in-source',
      comment: 'tests, scripts and whatever stands elsewhere is no part of a package, and is not judged by these rules',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['local'], pathNot: '^packages/[^/]+/src/' },
    },
    {
      name: 'guard-stands-alone',
      severity: 'error',
      from: { path: '^packages/guard/src/' },
      to: { path: '^packages/(?!guard/)' },
    },
    {
      name: 'inner-door-knows-no-ingress',
      comment:
        'egress and credentials cannot reach what reads a request of a client, not even by way of another module',
      severity: 'error',
      from: { path: `${gateway}(egress|credentials)/` },
      to: { path: `${gateway}ingress/`, reachable: true },
    },
    {
      name: 'inner-door-knows-no-token',
      severity: 'error',
      from: { path: `${gateway}(egress|credentials)/` },
      to: { path: ['^packages/guard/src/inbound-token', '^packages/guard/src/verify/'] },
    },
    {
      name: 'raw-token-in-verify-alone',
      comment: 'the file that holds the raw value is read by verification and by the package’s front',
      severity: 'error',
      from: { pathNot: ['^packages/guard/src/(verify/|index[.]ts$)'] },
      to: { path: '^packages/guard/src/inbound-token[.]ts$' },
    },
    {
      name: 'pure-without-io',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'], pathNot: computing },
    },
    {
      name: 'pure-without-reach',
      comment: 'what a pure module imports for its value is pure too; types of ports are free',
      severity: 'error',
      from: { path: pure },
      to: {
        path: gateway,
        pathNot: [...pure, `${gateway}(refusal|scopes|stages)[.]ts$`],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pure-without-packages',
      comment: 'one file adapts the policy engine, and no other needs a package',
      severity: 'error',
      from: { path: pure, pathNot: [`${gateway}policy/cedar[.]ts$`] },
      to: { path: '(^|/)node_modules/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-adapter-of-the-engine',
      severity: 'error',
      from: { path: gateway, pathNot: [`${gateway}policy/cedar[.]ts$`] },
      to: { path: '(^|/)node_modules/@cedar-policy/' },
    },
    {
      name: 'only-egress-sends',
      comment: 'undici and child processes are egress’s',
      severity: 'error',
      from: { path: gateway, pathNot: [`${gateway}egress/`, `${gateway}(cli|demo)/`] },
      to: { path: ['(^|/)node_modules/undici/', '^(node:)?child_process$'] },
    },
    {
      name: 'network-by-few',
      comment:
        'egress sends, the guarded fetch reaches authorization servers, the log and the compiler of schemas have a thread',
      severity: 'error',
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: [`${gateway}(egress|audit|catalogue|cli|demo)/`, '^packages/guard/src/guarded-'],
      },
      to: { path: reaching, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'store-imports-ports',
      comment: 'an adapter of a store knows ports, and nothing of those that use it',
      severity: 'error',
      from: { path: `${gateway}store/` },
      to: {
        path: '^packages/',
        pathNot: [`${gateway}store/`, `${gateway}[a-z-]+/port[.]ts$`, `${gateway}clock[.]ts$`],
      },
    },
    {
      name: 'nothing-above-the-root',
      comment: 'the composition root wires everything, so only the command line may know it; the demo is a command',
      severity: 'error',
      from: { path: gateway, pathNot: [`${gateway}(cli/|demo/|server[.]ts$|index[.]ts$)`] },
      to: { path: `${gateway}(server[.]ts$|cli/|demo/)` },
    },
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser could use.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/(test|dist)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.d.ts', '.js', '.json'],
    },
  },
}
