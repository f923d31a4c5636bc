/** What a protected MCP server needs: who calls, proven for this resource, and no way to pass the token on. */
export { type ChallengeError, type ChallengeFields, challenge } from './challenge.ts'
export {
  createGuardedFetch,
  fetchFor,
  type GuardedFetch,
  type GuardedFetchOptions,
  type GuardedRequest,
  type UrlOrigin,
} from './guarded-fetch.ts'
export { GuardedFetchError, type GuardedFetchFailure } from './guarded-fetch-error.ts'
export { InboundToken, type TokenSeal } from './inbound-token.ts'
export { createLeakDetector, type LeakDetector, type LeakDetectorOptions } from './leak-detector.ts'
export { type Actor, type Agent, type Person, type Principal, principalKey } from './principal.ts'
export {
  metadataPath,
  type ProtectedResource,
  type ProtectedResourceMetadata,
  protectedResourceMetadata,
} from './protected-resource.ts'
export type { TokenRefusal, TokenRefusalReason } from './token-refusal.ts'
export type {
  IssuerProfileName,
  IssuerSettings,
  OpaqueClaims,
  OpaqueLookup,
  Resource,
  Transit,
  Verdict,
  Verified,
  Verifier,
  VerifierOptions,
} from './verify/types.ts'
export { createVerifier } from './verify/verifier.ts'
