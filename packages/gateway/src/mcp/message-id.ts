/** The id of a JSON-RPC request (MCP 2026-07-28, Base Protocol, Requests: a string or an integer, never null). */
export type JsonRpcId = string | number
