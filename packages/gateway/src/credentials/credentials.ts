import type { GuardedFetch } from '@sallyport/guard'
import type { Clock } from '../clock.ts'
import type { CredentialConfig, UpstreamConfig } from '../config/types.ts'
import type { Refusal } from '../refusal.ts'
import type { Authorized, Intent, Plan } from '../stages.ts'
import { createBasicBroker } from './basic.ts'
import { createBearerBroker } from './bearer.ts'
import type { Broker, CredentialDescription, SecretRegister } from './broker.ts'
import { ClientCredentialsBroker } from './client-credentials.ts'
import { createEnvBroker } from './env.ts'
import { createHeaderBroker } from './header.ts'
import { createNoneBroker } from './none.ts'
import type { Credential, Credentials } from './port.ts'
import { createSecretRegister } from './register.ts'

export interface CredentialsOptions {
  readonly upstreams: readonly UpstreamConfig[]
  /** The guarded fetch; for token endpoints, never for an upstream. */
  readonly fetch: GuardedFetch
  readonly clock: Clock
  /** Keys the versions and the register of secrets; at least 32 bytes, and the same after a restart. */
  readonly versionKey: Buffer
}

export interface DescribedCredentials extends Credentials {
  /** For `explain`. @throws {Error} no such upstream. */
  describe(upstream: string): CredentialDescription
}

/**
 * The brokers of all upstreams. Built once a configuration: what a call needs of a fixed credential is made here, not then.
 * Does not check that a secret is no token of a configured issuer: that is the configuration's.
 * @throws {Error} a secret or name that could not be presented; says which, by its reference.
 */
export function createCredentials(options: CredentialsOptions): DescribedCredentials {
  if (options.versionKey.length < 32) throw new Error('the version key has fewer than 32 bytes; derive one of 32')
  const register = createSecretRegister(options.versionKey)
  const brokers = new Map<string, Broker>()
  for (const upstream of options.upstreams) {
    if (brokers.has(upstream.name)) throw new Error(`the upstream \`${upstream.name}\` is configured twice; rename one`)
    brokers.set(upstream.name, brokerOf(upstream.name, upstream.credentials, options, register))
  }
  return new Brokers(brokers)
}

class Brokers implements DescribedCredentials {
  readonly #brokers: ReadonlyMap<string, Broker>

  constructor(brokers: ReadonlyMap<string, Broker>) {
    this.#brokers = brokers
  }

  plan<U extends string>(authorized: Authorized<U>): Plan<U> {
    return this.#of(authorized.upstream).plan as Plan<U>
  }

  // INVARIANT: what is leased is what the durable intent names: same upstream, same credential, same version of it.
  lease<U extends string>(intent: Intent<U>, plan: Plan<NoInfer<U>>): Credential<U> | Promise<Credential<U> | Refusal> {
    const broker = this.#of(intent.upstream)
    const own = broker.plan
    if (plan.upstream !== own.upstream || intent.authorized.upstream !== own.upstream) {
      throw new Error(`a credential of \`${plan.upstream}\` was asked for a call to \`${intent.upstream}\``)
    }
    if (intent.plan !== plan || plan.id !== own.id || plan.version !== own.version) {
      throw new Error(`the credential of \`${intent.upstream}\` is not the one that its intent names`)
    }
    return broker.lease() as Credential<U> | Promise<Credential<U> | Refusal>
  }

  rejected(upstream: string): void {
    this.#of(upstream).rejected()
  }

  describe(upstream: string): CredentialDescription {
    return this.#of(upstream).describe()
  }

  #of(upstream: string): Broker {
    const broker = this.#brokers.get(upstream)
    if (broker === undefined) throw new Error(`no upstream \`${upstream}\` is configured`)
    return broker
  }
}

function brokerOf(
  name: string,
  config: CredentialConfig,
  options: CredentialsOptions,
  register: SecretRegister,
): Broker {
  const { versionKey } = options
  switch (config.type) {
    case 'none':
      return createNoneBroker(name, register)
    case 'bearer':
      return createBearerBroker(name, config.token, versionKey, register)
    case 'header':
      return createHeaderBroker(name, config.name, config.value, versionKey, register)
    case 'basic':
      return createBasicBroker(name, config.username, config.password, versionKey, register)
    case 'env':
      return createEnvBroker(name, config.variables, versionKey, register)
    case 'client_credentials':
      return new ClientCredentialsBroker(name, config, {
        fetch: options.fetch,
        clock: options.clock,
        versionKey,
        register,
      })
  }
}
