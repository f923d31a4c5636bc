/** Who may do what a wall forbids to all others, each with its reason. An entry that nothing needs any more fails a test. */

const gateway = 'packages/gateway/src'

/** The header that carries an access token, or a credential. */
export const namesTheHeader: ReadonlyMap<string | RegExp, string> = new Map([
  [`${gateway}/credentials/present.ts`, 'sets the credential of an upstream’s request: the one place'],
  [`${gateway}/ingress/raw-headers.ts`, 'reads the access token of a request, and refuses every other place for one'],
  [`${gateway}/identity/request.ts`, 'reads the client authentication of the embedded server’s endpoints'],
  [`${gateway}/cli/inspector-file.ts`, 'writes a client’s own token into its own file, mode 0600'],
  [`${gateway}/refusal.ts`, 'a message tells the caller where a token belongs'],
])

/** Where a stage’s brand is put on: `settle`, `credentials.plan`, `audit.open`. */
export const mints: ReadonlyMap<string | RegExp, string> = new Map([
  [`${gateway}/settle.ts`, 'mints Authorized'],
  [`${gateway}/credentials/broker.ts`, 'mints Plan and Credential'],
  [`${gateway}/audit/log.ts`, 'mints Intent, once the entry is durable'],
])

/** Who may assert a value to be what a stage mints, or to be `never` or `any`. */
export const asserts: ReadonlyMap<string | RegExp, string> = new Map([
  [`${gateway}/credentials/port.ts`, 'brands a Credential, for those who may mint'],
  [
    `${gateway}/credentials/credentials.ts`,
    'narrows what a broker minted to the upstream by whose name it was looked up',
  ],
  [`${gateway}/credentials/token-request.ts`, 'gives oauth4webapi the guarded fetch, whose type is narrower'],
])

/** Who may see an inbound token at all. */
export const takesTheToken: ReadonlyMap<string | RegExp, string> = new Map([
  [`${gateway}/ingress/http-exchange.ts`, 'makes it of the header, and gives it to the verifier'],
])

/** Names of `@sallyport/guard` that the inner door may use: none by which a token could be had. */
export const innerDoorGuardNames: ReadonlySet<string> = new Set([
  'createLeakDetector',
  'LeakDetector',
  'Principal',
  'GuardedFetch',
  'GuardedFetchError',
  'fetchFor',
  'principalKey',
])

/** Clients of HTTP, TCP and TLS. Egress is none of these: it sends through undici, which the import rules give to it alone. */
export const connects: ReadonlyMap<string | RegExp, string> = new Map<string | RegExp, string>([
  [/^packages\/guard\/src\/guarded-/, 'the one fetch for authorization servers, in its parts'],
  [
    /^packages\/gateway\/src\/demo\//,
    'plays the clients and the hostile upstreams; nothing but the command imports it',
  ],
  [`${gateway}/identity/request.ts`, 'a socket that is never connected, under a request made for oidc-provider'],
])

export const readsTheClock: ReadonlyMap<string | RegExp, string> = new Map<string | RegExp, string>([
  [/^packages\/gateway\/src\/cli\//, 'the command line makes the real clock, and passes it on'],
])

/** Functions of `node:crypto` that only compute. */
export const computingCrypto: ReadonlySet<string> = new Set([
  'createHash',
  'createHmac',
  'hash',
  'timingSafeEqual',
  'verify',
  'sign',
  'KeyObject',
])

/** Code and modules that this scan cannot read. */
export const unreadable: ReadonlyMap<string | RegExp, string> = new Map([
  [`${gateway}/catalogue/compile-worker.ts`, 'loads ajv, which is CommonJS, in a thread of its own'],
  [`${gateway}/catalogue/validator.ts`, 'evaluates the validators that ajv wrote, in an empty realm'],
])

/** Where `fetch` is a name of their own, so that a use of the global one would not be seen. */
export const ownFetch: ReadonlyMap<string | RegExp, string> = new Map<string | RegExp, string>([
  [`${gateway}/server.ts`, 'makes the guarded fetch'],
  [`${gateway}/credentials/token-request.ts`, 'is given the guarded fetch'],
  [/^packages\/guard\/src\/verify\//, 'is given the guarded fetch'],
])

/** OAuth with Node's own fetch. */
export const unguardedOAuth: ReadonlyMap<string | RegExp, string> = new Map([
  [
    `${gateway}/cli/token-grant.ts`,
    'a client’s command: it asks the token endpoint of the gateway that its user named',
  ],
])
