import { test } from 'vitest'
import { expectProblems, http, issuer, type Mistake } from './mistakes.ts'
import { canary } from './written.ts'

const mistakes: readonly Mistake[] = [
  // issuers
  [
    'plain http beyond loopback',
    'issuers: [{ issuer: "http://login.example.com" }]',
    'issuers[0].issuer: is plain http beyond loopback',
  ],
  [
    'an issuer with a query',
    'issuers: [{ issuer: "https://login.example.com?x=1" }]',
    'issuers[0].issuer: has a query',
  ],
  [
    'an issuer with a password',
    `issuers: [{ issuer: "https://u:${canary}@login.example.com" }]`,
    'issuers[0].issuer: holds a user name or password',
  ],
  [
    'the same issuer twice',
    `${issuer('profile: okta')}  - issuer: https://LOGIN.example.com/\n`,
    'issuers[1].issuer: is the issuer of another entry',
  ],
  ['ourselves as issuer', 'issuers: [{ issuer: "http://127.0.0.1:8080/" }]', 'issuers[0].issuer: is Sallyport itself'],
  [
    'an unknown profile',
    issuer('profile: entraa'),
    'issuers[0].profile: has a value that is not known, did you mean `entra`?',
  ],
  [
    'algorithm none',
    issuer('algorithms: [none]'),
    'issuers[0].algorithms[0]: is an algorithm that proves nothing about the issuer',
  ],
  [
    'a symmetric algorithm',
    issuer('algorithms: [HS256]'),
    'issuers[0].algorithms[0]: is an algorithm that proves nothing',
  ],
  [
    'an unknown algorithm',
    issuer('algorithms: [RS25]'),
    'issuers[0].algorithms[0]: is not a known algorithm, did you mean `RS256`?',
  ],
  ['no algorithm', issuer('algorithms: []'), 'issuers[0].algorithms: is too small'],
  [
    'opaque tokens of two',
    issuer('profile: introspection\n    client: { id: x, secret: "${KEY}" }'),
    'issuers[0].profile: opaque tokens name no issuer, and `authorizationServer` issues them already',
  ],
  [
    'introspection without a client',
    issuer('profile: introspection'),
    'issuers[0].profile: opaque tokens',
    'issuers[0].client: is missing',
  ],
  [
    'a client without introspection',
    issuer('client: { id: x, secret: "${KEY}" }'),
    'issuers[0].client: has a meaning only with `profile: introspection`',
  ],
  [
    'algorithms of opaque tokens',
    issuer('profile: introspection\n    algorithms: [ES256]\n    client: { id: x, secret: "${KEY}" }'),
    'issuers[0].profile: opaque',
    'issuers[0].algorithms: has no meaning',
  ],
  [
    'an endpoint of nothing',
    `${http('adminTools: []', 'files')}${issuer('endpoints: { fles: { audience: x } }')}`,
    'issuers[0].endpoints.fles: names no upstream, did you mean `files`?',
  ],
  [
    "another endpoint's audience",
    `${http('adminTools: []')}${issuer('endpoints: { a: { audience: "http://127.0.0.1:8080/mcp" } }')}`,
    'issuers[0].endpoints.a.audience: is the audience of another endpoint too',
  ],
  [
    'one audience for two',
    `${http('adminTools: []')}  - { name: b, url: "https://b.example.com" }\n${issuer('endpoints: { a: { audience: x }, b: { audience: x } }')}`,
    'issuers[0].endpoints.b.audience: is the audience of `a` too',
  ],
]

test.each(mistakes)('%s', (_title, rest, ...expected) => expectProblems(rest, expected))
