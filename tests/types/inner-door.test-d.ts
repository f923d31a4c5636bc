/** What does not compile at the inner door. `tests/types/weakened.test.ts` takes each wall away and sees this file turn red. */
import type { InboundToken } from '@sallyport/guard'
import type { AuditLog } from '../../packages/gateway/src/audit/port.ts'
import type { Credential, Credentials } from '../../packages/gateway/src/credentials/port.ts'
import type { Egress, Relay, Seal } from '../../packages/gateway/src/egress/port.ts'
import type { Authorized, Intent, Plan } from '../../packages/gateway/src/stages.ts'
import type { IsNever, LookAlike, Yields } from './look-alike.ts'

declare const egress: Egress
declare const credentials: Credentials
declare const audit: AuditLog
declare const seal: Seal
declare const relay: Relay
declare const token: InboundToken

declare const authorized: Authorized<'a'>
declare const plan: Plan<'a'>
declare const intent: Intent<'a'>
declare const credential: Credential<'a'>

declare const authorizedLookAlike: LookAlike<Authorized<'a'>>
declare const planLookAlike: LookAlike<Plan<'a'>>
declare const intentLookAlike: LookAlike<Intent<'a'>>
declare const credentialLookAlike: LookAlike<Credential<'a'>>

declare const planOfAnother: Plan<'b'>
declare const credentialOfAnother: Credential<'b'>

// The way of a call.
void audit.open(authorized, plan)
void credentials.lease(intent, plan)
void egress.invoke(intent, credential, seal, relay)

// A string, or the inbound token itself, is no credential.
// @ts-expect-error
void egress.invoke(intent, 'Bearer x', seal, relay)
// @ts-expect-error
void egress.invoke(intent, token, seal, relay)
// @ts-expect-error
void credentials.lease(intent, 'x')
// @ts-expect-error
void credentials.lease(intent, token)

// A look-alike is none.
// @ts-expect-error
void egress.invoke(intent, credentialLookAlike, seal, relay)
// @ts-expect-error
void egress.invoke(intentLookAlike, credential, seal, relay)
// @ts-expect-error
void credentials.lease(intentLookAlike, plan)
// @ts-expect-error
void credentials.lease(intent, planLookAlike)
// @ts-expect-error
void audit.open(authorizedLookAlike, plan)
// @ts-expect-error
void audit.open(authorized, planLookAlike)

// A stage that was skipped.
// @ts-expect-error
void egress.invoke(undefined, credential, seal, relay)
// @ts-expect-error
void egress.invoke(authorized, credential, seal, relay)
// @ts-expect-error
void credentials.lease(authorized, plan)
// @ts-expect-error
void credentials.lease(undefined, plan)

// What was made for another upstream.
// @ts-expect-error
void egress.invoke(intent, credentialOfAnother, seal, relay)
// @ts-expect-error
void credentials.lease(intent, planOfAnother)
// @ts-expect-error
void audit.open(authorized, planOfAnother)

// The seal is no token and yields none; the token is no seal.
export const sealYieldsNothing: IsNever<Yields<Seal, string | Uint8Array>> = true
// @ts-expect-error
void egress.invoke(intent, credential, token, relay)
// @ts-expect-error
export const text: string = seal
