import type { Secret } from '../secrets/secret.ts'
import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker, versionOf } from './broker.ts'
import { schemeHeader } from './present.ts'

/**
 * A user name and password (RFC 7617, UTF-8).
 * @throws {Error} the user name holds a colon, which would move the boundary to the password (RFC 7617 section 2).
 */
export function createBasicBroker(
  upstream: string,
  username: string,
  password: Secret,
  versionKey: Buffer,
  register: SecretRegister,
): Broker {
  if (username.includes(':'))
    throw new Error(`the user name \`${username}\` of \`${upstream}\` holds a colon; Basic cannot carry it`)
  const value = password.reveal()
  const pair = Buffer.from(`${username}:${value}`, 'utf8').toString('base64')
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'basic', version: versionOf(versionKey, upstream, [username, value]) }),
    // The password within the pair is base64 at some offset, which the detector covers: an echo of the header is found.
    credential: credentialOf(upstream, { headers: [schemeHeader('Basic', pair, password.reference)] }, [value]),
    secrets: [value],
    sources: [password.reference],
  })
}
