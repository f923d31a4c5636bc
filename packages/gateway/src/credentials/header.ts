import type { Secret } from '../secrets/secret.ts'
import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker, versionOf } from './broker.ts'
import { headerPair } from './present.ts'

/** A fixed secret in a header of the upstream's choice, such as `x-api-key`. */
export function createHeaderBroker(
  upstream: string,
  name: string,
  secret: Secret,
  versionKey: Buffer,
  register: SecretRegister,
): Broker {
  const value = secret.reveal()
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'header', version: versionOf(versionKey, upstream, [name.toLowerCase(), value]) }),
    credential: credentialOf(upstream, { headers: [headerPair(name, value, secret.reference)] }, [value]),
    secrets: [value],
    sources: [secret.reference],
  })
}
