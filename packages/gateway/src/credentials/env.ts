import type { Secret } from '../secrets/secret.ts'
import type { Broker, SecretRegister } from './broker.ts'
import { credentialOf, planOf, StaticBroker, versionOf } from './broker.ts'

/** Secrets in the environment of a stdio child (MCP 2026-07-28, Authorization: stdio takes credentials from the environment). */
export function createEnvBroker(
  upstream: string,
  variables: Readonly<Record<string, Secret>>,
  versionKey: Buffer,
  register: SecretRegister,
): Broker {
  const environment: Record<string, string> = {}
  const versioned: string[] = []
  for (const name of Object.keys(variables).sort()) {
    const secret = variables[name]
    if (secret === undefined) continue
    const value = secret.reveal()
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new Error(`\`${name}\` of \`${upstream}\` is no name of an environment variable`)
    if (value.includes('\0'))
      throw new Error(`the secret ${secret.reference} holds a NUL, which no environment can carry`)
    environment[name] = value
    versioned.push(name, value)
  }
  const secrets = Object.values(environment)
  return new StaticBroker(register, {
    plan: planOf({ upstream, type: 'env', version: versionOf(versionKey, upstream, versioned) }),
    credential: credentialOf(upstream, { environment }, secrets),
    secrets,
    sources: Object.values(variables).map((secret) => secret.reference),
  })
}
