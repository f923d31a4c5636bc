/** What does not compile at the outer door. */
import { InboundToken, type Principal, type Verified, type Verifier } from '@sallyport/guard'
import type { Seal } from '../../packages/gateway/src/egress/port.ts'
import type { IsNever, Yields } from './look-alike.ts'

declare const token: InboundToken
/** Every public member, and none of the private ones that make it nominal. */
declare const tokenLookAlike: Pick<InboundToken, keyof InboundToken>
declare const verifier: Verifier
declare const verified: Verified

const resource = { audience: 'https://mcp.example.com/mcp/a', accepted: new Map<string, string>() }

void verifier.verify(token, resource, 0)

// @ts-expect-error a string is no token
void verifier.verify('x', resource, 0)
// @ts-expect-error a look-alike is none
void verifier.verify(tokenLookAlike, resource, 0)
// @ts-expect-error only a header's value becomes one
export const made: InboundToken = new InboundToken('x')

// @ts-expect-error the token is no string
export const text: string = token
// @ts-expect-error the audience is mandatory
void verifier.verify(token, { accepted: new Map() }, 0)

/** Its digest, and the placeholder that it prints as. */
export const tokenShows: Yields<InboundToken, string> extends 'sha256' | 'toString' | 'toJSON' | symbol ? true : false =
  true
export const verifiedYieldsNothing: IsNever<Yields<Verified, string | InboundToken>> = true
export const sealYieldsNothing: IsNever<Yields<Verified['seal'], string | Uint8Array | InboundToken>> = true

// What is left after verification is what the inner door takes.
export const seal: Seal = verified.seal
export const principal: Principal = verified.principal
