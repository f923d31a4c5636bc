import { AddressForbidden } from './addresses.ts'
import type { Failure } from './http-answer.ts'

const byCode: Readonly<Record<string, Failure>> = {
  UND_ERR_HEADERS_TIMEOUT: { reason: 'upstream_timeout', detail: 'no answer in time' },
  UND_ERR_BODY_TIMEOUT: { reason: 'upstream_timeout', detail: 'silence in the middle of an answer' },
  UND_ERR_CONNECT_TIMEOUT: { reason: 'upstream_timeout', detail: 'no connection in time' },
  UND_ERR_HEADERS_OVERFLOW: { reason: 'upstream_invalid', detail: 'response headers that are too large' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    reason: 'upstream_invalid',
    detail: 'an answer shorter or longer than announced',
  },
}

/** A failure of the connection or of HTTP itself. Takes the code only of errors not our own: a message may quote the upstream. */
export function failureOf(error: Error): Failure {
  if (error instanceof AddressForbidden) return { reason: 'upstream_unavailable', detail: error.message }
  const code = (error as { code?: unknown }).code
  const known = typeof code === 'string' ? byCode[code] : undefined
  if (known !== undefined) return known
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return { reason: 'upstream_invalid', detail: `an answer that is not HTTP (${code})` }
  const name = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : error.name
  return { reason: 'upstream_unavailable', detail: `the connection failed (${name})` }
}
