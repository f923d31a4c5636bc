/** RFC 6750 section 3.1. */
export type ChallengeError = 'invalid_request' | 'invalid_token' | 'insufficient_scope'

export interface ChallengeFields {
  /** URL of the protected resource's metadata (RFC 9728 section 5.1). */
  readonly resourceMetadata: string
  /** Space-separated, or one a member. */
  readonly scope?: string | readonly string[] | undefined
  /** Left out where the request had no token at all (RFC 6750 section 3.1). */
  readonly error?: ChallengeError | undefined
  /** For the client's developer; characters that RFC 6750 section 3 does not allow are replaced. */
  readonly description?: string | undefined
}

/** What may stand in a quoted value as it is: RFC 6750 section 3, and of a URL RFC 3986. */
const plainUrl = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const plainScope = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/
const MAX_DESCRIPTION_CHARACTERS = 200

/**
 * The value of `WWW-Authenticate` for a 401 or 403 (RFC 6750 section 3, RFC 9728 section 5.1).
 * @throws {TypeError} the URL or a scope holds what no quoted value may: they are the operator's, not a caller's.
 */
export function challenge(fields: ChallengeFields): string {
  const scope = typeof fields.scope === 'object' ? fields.scope.join(' ') : fields.scope
  if (!plainUrl.test(fields.resourceMetadata)) throw new TypeError('`resourceMetadata` is no URL; percent-encode it')
  if (scope && !plainScope.test(scope))
    throw new TypeError('`scope` holds a character that RFC 6749 section 3.3 excludes')
  const parameters = [`resource_metadata="${fields.resourceMetadata}"`]
  if (scope) parameters.push(`scope="${scope}"`)
  if (fields.error) parameters.push(`error="${fields.error}"`)
  if (fields.description) parameters.push(`error_description="${inert(fields.description)}"`)
  return `Bearer ${parameters.join(', ')}`
}

function inert(text: string): string {
  return text
    .slice(0, MAX_DESCRIPTION_CHARACTERS)
    .replaceAll('"', "'")
    .replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
