import type { ServerOptions } from 'node:http'

/** More header fields than this are refused; the server keeps one more, so that the excess shows. */
export const maxHeaderFields = 100

/**
 * For `http.createServer`. A client has 10 s for its headers and 60 s for the whole request (threat 90); headers end at
 * 16 KiB (91). `maxHeadersCount` is no option but a property: set it to `maxHeadersCount` below.
 */
export const httpServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  insecureHTTPParser: false,
  requireHostHeader: true,
  joinDuplicateHeaders: false,
  noDelay: true,
} as const satisfies ServerOptions

/** For `server.maxHeadersCount`: Node drops what exceeds it without a word, so it has to exceed what we accept. */
export const maxHeadersCount = maxHeaderFields + 1

export interface IngressLimits {
  /** Of one message. */
  readonly bodyBytes: number
  /** From the verified token to the last byte of the message. */
  readonly bodyTimeoutMs: number
  /** Of an unread body that is taken in and thrown away after a refusal, so that the answer reaches the client. */
  readonly drainedBytes: number
  readonly drainedMs: number
  /** Waiting in one socket for a slow reader, beside the message being written. */
  readonly bufferedBytes: number
  /** Waiting for slow readers in all sockets together. */
  readonly unreadBytes: number
  /** How long a client may take nothing of what waits for it. */
  readonly slowReaderMs: number
  /** A comment is sent on a stream that was silent for so long. */
  readonly keepAliveMs: number
  /** The token behind a stream that lasts is verified again so often: with what a verdict is cached, under 5 s (threat 12). */
  readonly streamCheckMs: number
}

export const defaultLimits: IngressLimits = {
  bodyBytes: 4 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  drainedBytes: 1024 * 1024,
  drainedMs: 1_000,
  bufferedBytes: 1024 * 1024,
  unreadBytes: 128 * 1024 * 1024,
  slowReaderMs: 30_000,
  keepAliveMs: 15_000,
  streamCheckMs: 2_500,
}
