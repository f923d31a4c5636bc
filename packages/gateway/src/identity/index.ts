export {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  createAuthorizationServer,
} from './authorization-server.ts'
export type { RootKey } from './keys.ts'
export type { TokenLookup } from './lookup.ts'
export type { OAuthEvent, RecordOAuth } from './record.ts'
