/**
 * Refusals: the expected noes, as values. `reason` and `detail` are exact and go to the log; `message` is what the wire
 * says. A refusal never carries a secret, and `message` never names what only an operator should know.
 */

/** Why, from a closed union; `docs/errors.md` lists every one. */
export type RefusalReason =
  // outer door
  | 'token_missing'
  | 'token_in_query'
  | 'token_malformed'
  | 'token_invalid'
  | 'token_audience'
  | 'token_expired'
  | 'token_revoked'
  | 'keys_unavailable'
  | 'scope_insufficient'
  // embedded authorization server
  | 'client_invalid'
  | 'oauth_refused'
  // shape
  | 'host_invalid'
  | 'origin_invalid'
  | 'header_invalid'
  | 'header_mismatch'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'media_type_unsupported'
  | 'body_too_large'
  | 'body_timeout'
  | 'json_invalid'
  | 'message_invalid'
  | 'params_invalid'
  | 'arguments_invalid'
  | 'rpc_method_unknown'
  | 'version_unsupported'
  | 'session_unknown'
  | 'not_found'
  | 'too_many'
  // policy
  | 'not_permitted'
  | 'policy_error'
  | 'policy_inactive'
  | 'approval_needed'
  | 'tool_pending'
  | 'tool_unknown'
  // inner door
  | 'log_unavailable'
  | 'leak_outgoing'
  | 'leak_incoming'
  | 'credential_unavailable'
  | 'upstream_unavailable'
  | 'upstream_invalid'
  | 'upstream_timeout'
  | 'cannot_be_bridged'
  | 'shutting_down'
  | 'internal'

/** Sallyport's own codes (design, "What a refusal looks like"), and those of JSON-RPC and MCP. */
export type RefusalCode =
  | 2001
  | 2002
  | 2003
  | 2004
  | 2005
  | 2006
  | 2007
  | 2008
  | 2009
  | -32700
  | -32600
  | -32601
  | -32602
  | -32603
  | -32020
  | -32021
  | -32022

export interface Refusal {
  readonly refused: true
  readonly reason: RefusalReason
  readonly code: RefusalCode
  /** HTTP status of the answer. */
  readonly status: number
  /** For the caller: vague on purpose. */
  readonly message: string
  /** For the log: exact, with what was wrong and where. Never a secret, never a token. */
  readonly detail: string
  readonly retryAfterSeconds?: number
  /** `WWW-Authenticate`, for 401 and 403 (RFC 6750 section 3). */
  readonly challenge?: string
  /** Further members of `error.data`, e.g. `{supported, requested}` of -32022. */
  readonly data?: Readonly<Record<string, unknown>>
}

interface Shape {
  readonly code: RefusalCode
  readonly status: number
  readonly message: string
}

const shapes: Readonly<Record<RefusalReason, Shape>> = {
  token_missing: { code: -32600, status: 401, message: 'an access token for this resource is required' },
  token_in_query: {
    code: -32600,
    status: 400,
    message: 'send the access token in the `Authorization` header, never in the URL',
  },
  token_malformed: { code: -32600, status: 401, message: 'the access token was not accepted' },
  token_invalid: { code: -32600, status: 401, message: 'the access token was not accepted' },
  token_audience: { code: -32600, status: 401, message: 'the access token was not accepted' },
  token_expired: { code: -32600, status: 401, message: 'the access token was not accepted' },
  token_revoked: { code: -32600, status: 401, message: 'the access token was not accepted' },
  keys_unavailable: { code: -32603, status: 503, message: 'access tokens cannot be verified at the moment' },
  scope_insufficient: { code: -32600, status: 403, message: 'the access token lacks a scope' },
  client_invalid: { code: -32600, status: 401, message: 'the client was not authenticated' },
  oauth_refused: { code: -32600, status: 400, message: 'the OAuth request was refused' },
  host_invalid: { code: -32600, status: 403, message: 'this host is not served here' },
  origin_invalid: { code: -32600, status: 403, message: 'this origin is not allowed' },
  header_invalid: { code: -32600, status: 400, message: 'a request header is malformed or repeated' },
  header_mismatch: { code: -32020, status: 400, message: 'a request header does not match the body' },
  method_not_allowed: { code: -32600, status: 405, message: 'this HTTP method is not allowed here' },
  not_acceptable: { code: -32600, status: 406, message: 'accept both application/json and text/event-stream' },
  media_type_unsupported: { code: -32600, status: 415, message: 'send application/json, unencoded' },
  body_too_large: { code: -32600, status: 413, message: 'the message is too large' },
  body_timeout: { code: -32600, status: 408, message: 'the message did not arrive in time' },
  json_invalid: { code: -32700, status: 400, message: 'the body is not acceptable JSON' },
  message_invalid: { code: -32600, status: 400, message: 'the body is not one JSON-RPC message' },
  params_invalid: { code: -32602, status: 400, message: 'the parameters are not acceptable' },
  arguments_invalid: { code: -32602, status: 200, message: 'the arguments do not fit the schema of the tool' },
  rpc_method_unknown: { code: -32601, status: 404, message: 'method not found' },
  version_unsupported: { code: -32022, status: 400, message: 'unsupported protocol version' },
  session_unknown: { code: -32600, status: 404, message: 'no such session; initialize again' },
  not_found: { code: -32600, status: 404, message: 'not found' },
  too_many: { code: 2005, status: 429, message: 'too many requests' },
  not_permitted: { code: 2001, status: 200, message: 'policy does not allow this' },
  policy_error: { code: 2001, status: 200, message: 'policy does not allow this' },
  policy_inactive: { code: 2001, status: 200, message: 'policy does not allow this' },
  approval_needed: { code: 2002, status: 200, message: 'this call needs an approval' },
  tool_pending: { code: 2004, status: 200, message: 'this tool is new or has changed and waits for an operator' },
  tool_unknown: { code: -32602, status: 200, message: 'unknown tool' },
  log_unavailable: { code: 2006, status: 503, message: 'the call could not be recorded, so it was not made' },
  leak_outgoing: { code: 2007, status: 502, message: 'the call carried the access token and was blocked' },
  leak_incoming: { code: 2007, status: 502, message: 'the answer carried a credential and was blocked' },
  credential_unavailable: { code: 2008, status: 503, message: 'the upstream is unavailable' },
  upstream_unavailable: { code: 2008, status: 503, message: 'the upstream is unavailable' },
  upstream_invalid: { code: 2008, status: 503, message: 'the upstream is unavailable' },
  upstream_timeout: { code: 2008, status: 503, message: 'the upstream is unavailable' },
  cannot_be_bridged: { code: 2009, status: 200, message: 'this cannot be bridged to the upstream' },
  shutting_down: { code: 2008, status: 503, message: 'the gateway is shutting down' },
  internal: { code: -32603, status: 500, message: 'internal error' },
}

export type RefusalExtras = Pick<Refusal, 'retryAfterSeconds' | 'challenge' | 'data'> & { readonly message?: string }

/** @param detail exact, for the log; see `Refusal.detail` for what it must not hold. */
export function refuse(reason: RefusalReason, detail: string, extras: RefusalExtras = {}): Refusal {
  return { refused: true, reason, ...shapes[reason], detail, ...extras }
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value
}
