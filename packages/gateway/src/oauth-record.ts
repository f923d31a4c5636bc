/** What the embedded authorization server refused, issued and revoked, in the audit log. */
import type { AuditLog } from './audit/port.ts'
import type { RecordOAuth } from './identity/index.ts'
import { type RefusalReason, refuse } from './refusal.ts'

const reasons: ReadonlyMap<number, RefusalReason> = new Map([
  [401, 'client_invalid'],
  [429, 'too_many'],
  [500, 'internal'],
  [503, 'log_unavailable'],
])

/**
 * Refusals name the client in the detail and not as the agent, so that they are counted by peer, reason and minute: the
 * client is not proven in most of them, and one that is may ask for what it cannot have as often as it likes.
 */
export function createOAuthRecorder(
  audit: Pick<AuditLog, 'append' | 'refuse'>,
  issuer: string,
  tenant: string,
): RecordOAuth {
  return async (event) => {
    const { requestId, peer } = event
    if (event.kind === 'refused') {
      const { status, client, detail } = event
      const named = client === undefined ? 'no known client' : `as ${JSON.stringify(client)}`
      audit.refuse(refuse(reasons.get(status) ?? 'oauth_refused', `${detail}; ${named}`), { requestId, tenant, peer })
      return
    }
    const { kind, client, sha256, resource, scope } = event
    await audit.append({
      kind: 'event',
      requestId,
      tenant,
      agent: { issuer, clientId: client },
      status: kind,
      token: sha256,
      detail: `for ${resource} with ${scope}`,
      peer,
    })
  }
}
