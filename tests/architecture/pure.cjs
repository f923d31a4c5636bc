/**
 * The modules without I/O, clock and randomness, as patterns of paths: `mcp`; `policy`, but the reading of its folder;
 * of `audit`, entries, records and proofs, but not the log itself and its thread. Read by .dependency-cruiser.cjs and walls.ts.
 */
const gateway = '^packages/gateway/src/'

exports.pure = [
  `${gateway}mcp/`,
  `${gateway}policy/(?!load|index)`,
  `${gateway}audit/(?!handover|index|log|port|reader|serve-writer|writer)`,
]
