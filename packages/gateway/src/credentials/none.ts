import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker } from './broker.ts'

/** An upstream that asks for no credential: nothing is presented. */
export function createNoneBroker(upstream: string, register: SecretRegister): Broker {
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'none', version: '' }),
    credential: credentialOf(upstream, {}, []),
    secrets: [],
    sources: [],
  })
}
