import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'

export interface Readiness {
  readonly ok: boolean
  /** By name, true where it passed, e.g. `{ store: true, audit: false }`; shown to whoever asks. */
  readonly checks: Readonly<Record<string, boolean>>
}

export interface OpsOptions {
  readonly metrics: Pick<Metrics, 'render'>
  /** Whether calls can be taken. One that throws, or takes longer than 2 s, counts as no. */
  readonly ready: () => Readiness | Promise<Readiness>
  /** False where only a restart can mend it. */
  readonly live: () => boolean
  readonly onError: (error: unknown) => void
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const readyTimeoutMs = 2000
const connectionLimit = 64
const json = 'application/json'
const notReady: Readiness = { ok: false, checks: {} }

/**
 * The listener for operators and probes: `/healthz`, `/readyz` and `/metrics`, for GET and HEAD. Not listening yet. Shows
 * no secret and no fault's text, but whoever reaches it may ask.
 */
export function createOpsServer(options: OpsOptions): Server {
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 10_000 },
    (request, response) => {
      answerTo(request, options).then(
        (answer) => send(request, response, answer),
        (error) => {
          options.onError(error)
          send(request, response, plain(500, 'error'))
        },
      )
    },
  )
  server.maxConnections = connectionLimit
  return server
}

async function answerTo(request: IncomingMessage, { metrics, ready, live, onError }: OpsOptions): Promise<Answer> {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return plain(404, 'not found')
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'method not allowed')
  if (path === '/healthz') return live() ? plain(200, 'ok') : plain(503, 'unavailable')
  if (path === '/readyz') return readiness(await inTime(ready, onError))
  const { contentType, text } = await metrics.render()
  return { status: 200, contentType, text }
}

async function inTime(ready: OpsOptions['ready'], onError: OpsOptions['onError']): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Readiness>((resolve) => {
    timer = setTimeout(resolve, readyTimeoutMs, notReady)
  })
  try {
    return await Promise.race([ready(), late])
  } catch (error) {
    onError(error)
    return notReady
  } finally {
    clearTimeout(timer)
  }
}

function readiness({ ok, checks }: Readiness): Answer {
  const shown = Object.fromEntries(Object.entries(checks).map(([name, passed]) => [name, passed ? 'ok' : 'failed']))
  const text = JSON.stringify({ status: ok ? 'ok' : 'unavailable', checks: shown })
  return { status: ok ? 200 : 503, contentType: json, text }
}

function plain(status: number, word: string): Answer {
  return { status, contentType: json, text: JSON.stringify({ status: word }) }
}

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, text }: Answer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}
