import type { Secret } from '../secrets/secret.ts'
import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker, versionOf } from './broker.ts'
import { schemeHeader } from './present.ts'

/** A fixed bearer token (RFC 6750 section 2.1). */
export function createBearerBroker(
  upstream: string,
  token: Secret,
  versionKey: Buffer,
  register: SecretRegister,
): Broker {
  const value = token.reveal()
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'bearer', version: versionOf(versionKey, upstream, [value]) }),
    credential: credentialOf(upstream, { headers: [schemeHeader('Bearer', value, token.reference)] }, [value]),
    secrets: [value],
    sources: [token.reference],
  })
}
