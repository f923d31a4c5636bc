import { randomBytes } from 'node:crypto'
import { createGuardedFetch } from '@sallyport/guard'
import type { Clock } from '../../src/clock.ts'
import type { CredentialConfig, UpstreamConfig } from '../../src/config/types.ts'
import { createCredentials } from '../../src/credentials/credentials.ts'
import type { Credential } from '../../src/credentials/port.ts'
import { isRefusal, type Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { type Authorized, type Intent, mint } from '../../src/stages.ts'

const key = randomBytes(32)
export const value = 'a-secret-of-some-length-0123456789'
export const secret = (text = value, reference = 'file:key') => new Secret(text, reference)

/** A clock that a test sets. */
export class SetClock implements Clock {
  ms = 1_000_000
  now = () => 1_800_000_000_000 + this.ms
  monotonic = () => this.ms
}

function upstream(name: string, credentials: CredentialConfig): UpstreamConfig {
  const limits = { responseTimeoutMs: 1, idleTimeoutMs: 1, messageBytes: 1 }
  return { kind: 'http', name, url: 'https://x.example/mcp', insecureHttp: false, credentials, adminTools: [], limits }
}

export function rig(configured: Readonly<Record<string, CredentialConfig>>) {
  const clock = new SetClock()
  const upstreams = Object.entries(configured).map(([name, config]) => upstream(name, config))
  const credentials = createCredentials({ upstreams, fetch: createGuardedFetch({ allow: [] }), clock, versionKey: key })
  const intentOf = (name: string) => {
    const authorized = mint<Authorized>({
      upstream: name,
      principal: {} as never,
      call: {} as never,
      decision: {} as never,
    })
    const plan = credentials.plan(authorized)
    return mint<Intent>({ upstream: name, entryId: 'w-1', authorized, plan, startedMs: 0 })
  }
  const lease = (name: string): Promise<Credential | Refusal> => {
    const intent = intentOf(name)
    return Promise.resolve(credentials.lease(intent, intent.plan))
  }
  return { clock, credentials, intentOf, lease }
}

export async function leased(made: ReturnType<typeof rig>, name = 'a'): Promise<Credential> {
  const credential = await made.lease(name)
  if (isRefusal(credential)) throw new Error(credential.detail)
  return credential
}
