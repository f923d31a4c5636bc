import type { Secret } from '../secrets/secret.ts'
import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker, versionOf } from './broker.ts'
import { headerPair } from './present.ts'

/** Shorter words of a header's value, such as a scheme, are no secrets. */
const leastSecretCharacters = 16

/**
 * A fixed secret in a header of the upstream's choice, such as `x-api-key`. Where the value has a scheme before it
 * (`Token …`), what follows is the secret too: an echo seldom repeats the scheme.
 */
export function createHeaderBroker(
  upstream: string,
  name: string,
  secret: Secret,
  versionKey: Buffer,
  register: SecretRegister,
): Broker {
  const value = secret.reveal()
  const words = value.split(' ').filter((word) => word !== value && word.length >= leastSecretCharacters)
  const secrets = [value, ...words]
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'header', version: versionOf(versionKey, upstream, [name.toLowerCase(), value]) }),
    credential: credentialOf(upstream, { headers: [headerPair(name, value, secret.reference)] }, secrets),
    secrets,
    sources: [secret.reference],
  })
}
