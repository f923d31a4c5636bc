/** Every threat of the threat model, by its number, and which of them this release leaves to a later one. */
export interface Threat {
  readonly number: number
  readonly what: string
  /** What it waits for, and what holds until then. */
  readonly later?: string
}

export interface ThreatGroup {
  readonly letter: string
  readonly title: string
  readonly threats: readonly Threat[]
}

const people =
  'comes with people at a browser (login, consent, authorization code, refresh); there is no such endpoint or grant yet'
const approvals = 'comes with approvals; until then a call that needs one is refused (2002)'
const vault =
  'comes with the sealed store for upstream secrets; they are files and environment variables of the operator yet'
const pages = 'comes with pages; none is served yet'

export const threatGroups: readonly ThreatGroup[] = [
  {
    letter: 'A',
    title: 'Forged tokens',
    threats: [
      { number: 1, what: '`alg` none and its case variants' },
      { number: 2, what: 'RS256 to HS256 with the public key' },
      { number: 3, what: 'an ES256 signature of zeros' },
      { number: 4, what: 'a key in the header, or the URL of one: nothing is fetched' },
      { number: 5, what: '`kid` as a path, as SQL, twice' },
      { number: 6, what: 'an unknown `crit`, `b64: false`' },
      { number: 7, what: 'base64url that is not canonical' },
      { number: 8, what: 'duplicate claims' },
      { number: 9, what: '`exp` missing, or no NumericDate' },
      { number: 10, what: '`nbf` or `iat` in the future' },
      { number: 11, what: 'an id_token, or another `typ`' },
      { number: 12, what: 'a token revoked here: refused within 5 seconds, its streams included' },
      {
        number: 13,
        what: 'DPoP replayed, or for another request',
        later: 'comes with DPoP; a token that is bound to a key is refused as Bearer',
      },
      { number: 14, what: 'nested, compressed or encrypted tokens' },
    ],
  },
  {
    letter: 'B',
    title: 'Issuer and audience',
    threats: [
      { number: 15, what: "another upstream's audience" },
      { number: 16, what: 'an audience of ours beside a foreign one' },
      { number: 17, what: 'variants of the issuer' },
      { number: 18, what: 'the same `kid` at two issuers' },
      { number: 19, what: '`act` that loops, or is too deep' },
      { number: 20, what: 'scopes by case, substring, omnibus' },
      {
        number: 21,
        what: "a tenant's token at another's endpoint",
        later: 'comes with tenants; there is one, `default`',
      },
      { number: 22, what: 'the path of the resource, and a trailing slash' },
    ],
  },
  {
    letter: 'C',
    title: 'Ways a token leaks',
    threats: [
      { number: 23, what: 'duplicate, odd-case and aliased headers' },
      { number: 24, what: '`access_token` in the query' },
      { number: 25, what: 'cookies' },
      { number: 26, what: 'tool arguments, in every covered encoding' },
      { number: 27, what: '`_meta`, `baggage`, `traceparent`, `tracestate`' },
      { number: 28, what: '`Mcp-Param-*`' },
      { number: 29, what: 'redirects of an upstream' },
      { number: 30, what: 'an upstream that echoes our credential' },
      { number: 31, what: 'retry, or failover to another upstream' },
      { number: 32, what: 'environment, argv, descriptors and lines of a stdio child' },
      { number: 33, what: 'logs, metric labels, errors' },
      { number: 34, what: 'a debugger opened by a signal; core dumps are for the operator to turn off' },
      { number: 35, what: 'store and backups: no token, ciphertext for keys' },
      { number: 36, what: '`requestState` swapped between upstreams or users' },
    ],
  },
  {
    letter: 'D',
    title: 'OAuth flows',
    threats: [
      { number: 37, what: 'silent consent for a new client', later: people },
      { number: 38, what: 'consent swapped between two browsers', later: people },
      { number: 39, what: 'clickjacked or forged consent', later: people },
      { number: 40, what: '`redirect_uri` by prefix, userinfo, encoding, fragment', later: people },
      { number: 41, what: 'another loopback port', later: people },
      { number: 42, what: '`state` reused, missing, set before consent', later: people },
      { number: 43, what: 'PKCE missing, plain, empty, wrong', later: people },
      { number: 44, what: 'a code replayed', later: people },
      { number: 45, what: 'mix-up of authorization servers', later: people },
      {
        number: 46,
        what: 'client metadata documents: SSRF, rebinding, redirects, size, time',
        later:
          'client metadata documents come with people at a browser; the guarded fetch that will read them is there',
      },
      { number: 47, what: 'a flood of registrations, hostile names and logos', later: people },
      { number: 48, what: 'refresh replayed or raced', later: people },
      { number: 49, what: 'scope or resource widened' },
      { number: 50, what: 'a code issued before the second factor', later: people },
      {
        number: 51,
        what: 'an exchange by an actor not permitted',
        later: 'comes with token exchange; there is no such grant yet',
      },
    ],
  },
  {
    letter: 'E',
    title: 'Policy',
    threats: [
      { number: 52, what: 'headers that differ from the body' },
      { number: 53, what: 'malformed or double `=?base64?…?=`' },
      { number: 54, what: 'duplicate and case-variant keys' },
      { number: 55, what: 'names that look like other names' },
      { number: 56, what: 'a batch' },
      { number: 57, what: 'unsafe integers, 1.0 against 1' },
      { number: 58, what: '`__proto__`, `constructor`' },
      { number: 59, what: 'arguments outside the schema' },
      { number: 60, what: 'a race of list and call' },
      { number: 61, what: "a tool's definition changed" },
      { number: 62, what: "one upstream shadowing another's name" },
      { number: 63, what: 'ways around the tool policy, and around filtered lists' },
      { number: 64, what: 'an engine that errs' },
      {
        number: 65,
        what: 'a reload in mid-call',
        later: 'reloading comes with hot configuration; every entry of a call names the one version that decided it',
      },
      { number: 66, what: 'an earlier protocol version in a header' },
    ],
  },
  {
    letter: 'F',
    title: 'Approval',
    threats: [
      { number: 67, what: 'arguments swapped', later: approvals },
      { number: 68, what: 'a replay', later: approvals },
      { number: 69, what: "another user's, or another session's", later: approvals },
      { number: 70, what: "approved by the requester, or with the agent's token", later: approvals },
      { number: 71, what: 'approved twice at once', later: approvals },
      { number: 72, what: 'after expiry, revocation or a change of policy', later: approvals },
      { number: 73, what: 'arguments truncated or turned around on the page', later: approvals },
      { number: 74, what: 'a crash between approval and send', later: approvals },
    ],
  },
  {
    letter: 'G',
    title: 'Vault',
    threats: [
      { number: 75, what: 'a kill during rotation', later: vault },
      { number: 76, what: 'the wrong key' },
      { number: 77, what: 'rows flipped, truncated, swapped' },
      { number: 78, what: 'nonces after a restored snapshot' },
      { number: 79, what: 'the key service is down', later: vault },
      { number: 80, what: 'an old backup rolled back', later: vault },
      { number: 81, what: 'a credential asked for the wrong upstream' },
    ],
  },
  {
    letter: 'H',
    title: 'Audit',
    threats: [
      { number: 82, what: 'the disk is full' },
      { number: 83, what: 'EIO, and a flush that fails' },
      { number: 84, what: 'a log that is down or slow' },
      { number: 85, what: 'a kill at each step' },
      {
        number: 86,
        what: 'entries edited, deleted, reordered, forked',
        later:
          'the verifier comes with checkpoints; leaf hashes are stored, and the tables refuse changes, from the first migration',
      },
      { number: 87, what: 'a clock that is off' },
      { number: 88, what: 'injection into the log' },
      { number: 89, what: 'the signing key lost or rotated', later: 'comes with signed checkpoints' },
    ],
  },
  {
    letter: 'I',
    title: 'Availability',
    threats: [
      { number: 90, what: 'slowloris' },
      { number: 91, what: 'huge headers and bodies, and a byte at a time' },
      { number: 92, what: 'JSON 100,000 deep' },
      { number: 93, what: 'compressed bombs, fifty encodings' },
      { number: 94, what: 'answers and streams without end' },
      { number: 95, what: 'a slow reader' },
      { number: 96, what: 'half an answer: no retry of what may have run' },
      { number: 97, what: 'answers that nobody asked for' },
      { number: 98, what: 'a stampede for a new token' },
      { number: 99, what: 'the key set is down' },
      { number: 100, what: 'a key set that flaps or is huge, a flood of unknown `kid`' },
      { number: 101, what: 'a noisy principal or upstream' },
    ],
  },
  {
    letter: 'J',
    title: 'Pages',
    threats: [
      { number: 102, what: 'XSS by the text of a tool, client or error', later: pages },
      { number: 103, what: 'CSRF', later: pages },
      { number: 104, what: 'clickjacking', later: pages },
      { number: 105, what: 'session fixation', later: pages },
      { number: 106, what: 'objects of another tenant', later: 'comes with tenants and the control API' },
      { number: 107, what: "an administrator's stale role", later: 'comes with the control API' },
      { number: 108, what: 'formulas in CSV', later: 'comes with reports' },
      { number: 109, what: 'requests of other origins, and under other hosts' },
      { number: 110, what: 'open redirects', later: pages },
    ],
  },
]
