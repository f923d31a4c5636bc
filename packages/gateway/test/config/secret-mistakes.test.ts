import { test } from 'vitest'
import { expectProblems, http, issuer, type Mistake } from './mistakes.ts'
import { canary } from './written.ts'

const mistakes: readonly Mistake[] = [
  // secrets
  [
    'a literal secret',
    http(`credentials: { type: bearer, token: ${canary} }`),
    'upstreams[0].credentials.token: is a literal secret',
  ],
  [
    'the sealed store',
    http('credentials: { type: bearer, token: "secret:vendor" }'),
    'upstreams[0].credentials.token: needs the sealed store',
  ],
  [
    'an unset variable',
    http('credentials: { type: bearer, token: "${NOT_SET}" }'),
    'upstreams[0].credentials.token: environment variable `NOT_SET` is not set',
  ],
  [
    'a variable of every object',
    http('credentials: { type: bearer, token: "${constructor}" }'),
    'upstreams[0].credentials.token: environment variable `constructor` is not set',
  ],
  [
    'an empty variable',
    http('credentials: { type: bearer, token: "${EMPTY}" }'),
    'upstreams[0].credentials.token: environment variable `EMPTY` is empty',
  ],
  [
    'a missing file',
    http('credentials: { type: bearer, token: "file:none" }'),
    'upstreams[0].credentials.token: the file does not exist',
  ],
  [
    'a folder',
    http('credentials: { type: bearer, token: "file:." }'),
    'upstreams[0].credentials.token: what it names is not a regular file',
  ],
  [
    'a remote file',
    http('credentials: { type: bearer, token: "file://host/x" }'),
    'upstreams[0].credentials.token: names no file',
  ],
  [
    'a token with a space',
    http('credentials: { type: bearer, token: "${SPACED}" }'),
    'upstreams[0].credentials.token: the secret holds characters that cannot stand in a header',
  ],
  [
    'a token with its scheme',
    http('credentials: { type: bearer, token: "${PREFIXED}" }'),
    'upstreams[0].credentials.token: the secret starts with the word `Bearer`',
  ],
  [
    'a header with a line break',
    http('credentials: { type: header, name: X-Key, value: "${LINES}" }'),
    'upstreams[0].credentials.value: the secret holds characters',
  ],
  [
    'one secret for two upstreams',
    `${http('credentials: { type: bearer, token: "${KEY}" }')}  - { name: b, command: p, env: { K: "\${TWIN}" } }`,
    'upstreams[1].env.K: is the same secret as that of upstream `a`',
  ],
  [
    'the secret of a client',
    http('credentials: { type: bearer, token: "${AGENT}" }'),
    'upstreams[0].credentials.token: is the same secret as that of client `agent`',
  ],
  [
    'a token of ours',
    http('credentials: { type: bearer, token: "${OURS}" }'),
    'upstreams[0].credentials.token: is a token of Sallyport',
  ],
  [
    'a token of an issuer',
    `${http('credentials: { type: header, name: X-Key, value: "${THEIRS}" }')}${issuer('profile: okta')}`,
    'upstreams[0].credentials.value: is a token of Sallyport',
  ],
]

test.each(mistakes)('%s', (_title, rest, ...expected) => expectProblems(rest, expected))
