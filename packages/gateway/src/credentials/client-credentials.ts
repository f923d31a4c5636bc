import { fetchFor, type GuardedFetch } from '@sallyport/guard'
import type { Clock } from '../clock.ts'
import type { Refusal } from '../refusal.ts'
import { refuse } from '../refusal.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Plan } from '../stages.ts'
import type { Broker, CredentialDescription, SecretRegister } from './broker.ts'
import { credentialOf, planOf, sharedSecret, versionOf } from './broker.ts'
import { RecentSecrets } from './detector.ts'
import type { Credential } from './port.ts'
import { schemeHeader } from './present.ts'
import { type FetchedToken, requestToken, type TokenFetch, TokenUnavailable } from './token-request.ts'

export interface ClientCredentials {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scopes: readonly string[]
  readonly resource: string
}

interface Held {
  readonly credential: Credential
  readonly token: string
  readonly fetchedMs: number
  /** Monotonic: fetched anew from here on, while this one still serves. */
  readonly refreshMs: number
  /** Monotonic: not presented from here on. */
  readonly endMs: number
  /** Milliseconds since the epoch, where the server said. */
  readonly expiresAt: number | undefined
}

/** Where the server does not say how long a token lives. */
const assumedLifetimeSeconds = 300
/** A token is asked for anew after an hour at the latest, so that one revoked at its issuer does not serve on. */
const longestLifetimeSeconds = 3_600
/** Not presented in its last seconds: it must still be good when it arrives. */
const marginSeconds = 5
const firstBackoffMs = 1_000
const longestBackoffMs = 60_000

/**
 * Access tokens by the client-credentials grant (RFC 6749 section 4.4), for one upstream by its `resource` (RFC 8707).
 * One request at a time however many calls wait; a token nearing its end is replaced while it still serves.
 */
export class ClientCredentialsBroker implements Broker {
  readonly plan: Plan
  readonly #upstream: string
  readonly #config: ClientCredentials
  readonly #fetch: TokenFetch
  readonly #clock: Clock
  readonly #register: SecretRegister
  /** Of every lease: a stream that was opened with one token must not bring the next one, nor the other way round. */
  readonly #recent = new RecentSecrets()
  #held: Held | undefined
  #flight: Promise<Credential | Refusal> | undefined
  #failures = 0
  #failedMs = Number.NEGATIVE_INFINITY
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(
    upstream: string,
    config: ClientCredentials,
    ports: {
      readonly fetch: GuardedFetch
      readonly clock: Clock
      readonly versionKey: Buffer
      readonly register: SecretRegister
    },
  ) {
    const secret = config.clientSecret.reveal()
    this.#upstream = upstream
    this.#config = config
    this.#fetch = fetchFor(ports.fetch, config.issuer)
    this.#clock = ports.clock
    this.#register = ports.register
    // Claimed so that it cannot also be some upstream's own secret; it never travels to an upstream itself.
    this.#register.claim(upstream, secret)
    this.plan = planOf({
      upstream,
      type: 'client_credentials',
      version: versionOf(ports.versionKey, upstream, [config.clientId, secret]),
      issuer: config.issuer,
      audience: config.resource,
      scopes: config.scopes,
    })
  }

  lease(): Credential | Promise<Credential | Refusal> {
    const held = this.#held
    if (held !== undefined) {
      const now = this.#clock.monotonic()
      if (now < held.refreshMs) return held.credential
      if (now < held.endMs) {
        if (this.#flight === undefined && now >= this.#notBeforeMs) void this.#take()
        return held.credential
      }
      this.#drop()
    }
    return this.#flight ?? this.#take()
  }

  rejected(): void {
    const held = this.#held
    if (held === undefined) return
    this.#drop()
    // An upstream that turns down fresh tokens must not make us hammer the token endpoint.
    if (this.#clock.monotonic() - held.fetchedMs < longestBackoffMs) this.#backOff()
  }

  describe(): CredentialDescription {
    const { upstream, type, id, version, issuer, audience, scopes } = this.plan
    const sources = [this.#config.clientSecret.reference]
    const held = this.#held
    const why =
      held === undefined
        ? 'no token is held; the next call asks for one'
        : 'the issuer did not say how long its token lives'
    const expiry: CredentialDescription['expiry'] =
      held?.expiresAt === undefined ? { known: false, why } : { known: true, at: held.expiresAt }
    return { upstream, type, id, version, sources, issuer, audience, scopes, expiry }
  }

  #take(): Promise<Credential | Refusal> {
    const now = this.#clock.monotonic()
    if (now < this.#notBeforeMs) {
      const seconds = Math.ceil((this.#notBeforeMs - now) / 1_000)
      const detail = `no token for \`${this.#upstream}\`: waiting ${seconds} s after ${this.#failures} failures`
      return Promise.resolve(refuse('credential_unavailable', detail, { retryAfterSeconds: seconds }))
    }
    const flight = this.#request().finally(() => {
      this.#flight = undefined
    })
    this.#flight = flight
    return flight
  }

  async #request(): Promise<Credential | Refusal> {
    const { issuer, clientId, clientSecret, scopes, resource } = this.#config
    try {
      const request = { issuer, clientId, clientSecret: clientSecret.reveal(), scopes, resource }
      const fetched = await requestToken(request, this.#fetch)
      return this.#hold(fetched)
    } catch (error) {
      this.#backOff()
      // A refresh ahead is awaited by nobody, so nothing may escape from here.
      const why = error instanceof TokenUnavailable ? error.message : error instanceof Error ? error.name : 'unknown'
      return refuse('credential_unavailable', `no token for \`${this.#upstream}\`: ${why}`)
    }
  }

  #hold({ token, lifetimeSeconds }: FetchedToken): Credential | Refusal {
    const seconds = Math.min(lifetimeSeconds ?? assumedLifetimeSeconds, longestLifetimeSeconds)
    if (!(seconds > marginSeconds))
      throw new TokenUnavailable('the token endpoint answered with a token that is as good as expired')
    const header = presentable(token)
    this.#drop()
    if (!this.#register.serves(this.#upstream, token)) {
      this.#backOff()
      return sharedSecret(this.#upstream)
    }
    this.#register.claim(this.#upstream, token)
    this.#recent.add(token)
    const now = this.#clock.monotonic()
    this.#held = {
      credential: credentialOf(this.#upstream, { headers: [header] }, this.#recent),
      token,
      fetchedMs: now,
      refreshMs: now + seconds * 800,
      endMs: now + (seconds - marginSeconds) * 1_000,
      expiresAt: lifetimeSeconds === undefined ? undefined : this.#clock.now() + lifetimeSeconds * 1_000,
    }
    return this.#held.credential
  }

  #drop(): void {
    if (this.#held !== undefined) this.#register.release(this.#upstream, this.#held.token)
    this.#held = undefined
  }

  /** A success alone does not end the series: a token that the upstream turns down was a success of the token endpoint. */
  #backOff(): void {
    const now = this.#clock.monotonic()
    if (now - this.#failedMs > 2 * longestBackoffMs) this.#failures = 0
    this.#failedMs = now
    this.#notBeforeMs = now + Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(this.#failures, 10))
    this.#failures++
  }
}

function presentable(token: string) {
  try {
    return schemeHeader('Bearer', token, 'from the token endpoint')
  } catch {
    throw new TokenUnavailable('the token endpoint answered with a token that a header cannot carry')
  }
}
