/** Revisions of MCP served here, newest first. */
export const modernVersions: readonly string[] = ['2026-07-28']

/**
 * Revisions of the earlier era that have Streamable HTTP. A session may have negotiated another one with its upstream
 * (2024-11-05 over stdio); then its own version is accepted too.
 */
export const earlierVersions: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26']
