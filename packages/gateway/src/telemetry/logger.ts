import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

export interface LoggerOptions {
  readonly level: LevelWithSilent
  /** Where lines go, e.g. `process.stderr`. */
  readonly stream: DestinationStream
}

/** Never shown, at up to three levels of what is logged: whole messages, and members that hold secrets by their name. */
const hidden = [
  ...['headers', 'rawHeaders', 'body', 'params', 'arguments', 'cookie', 'cookies', 'env', 'environment'],
  ...['token', 'accessToken', 'access_token', 'refreshToken', 'refresh_token', 'id_token', 'assertion', 'code'],
  ...['secret', 'secrets', 'clientSecret', 'client_secret', 'password', 'apiKey', 'api_key', 'key', 'value'],
]

/** What looks like a credential in any text, such as the message of a library's error. */
const credentialScheme = /\b(bearer|basic|dpop)(\s+)[\w.~+/=-]{8,}/gi
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)*/g

const textLimit = 4096
const causeLimit = 3

/**
 * The operator's log: one line of JSON each. Hides members by name and what looks like a credential, as a last resort:
 * whoever logs is still to leave out headers, bodies and arguments. An opaque secret within free text is not recognised.
 */
export function createLogger({ level, stream }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: hidden.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { err: (error: unknown) => shownError(error, causeLimit) },
      hooks: { streamWrite: withoutCredentials },
    },
    stream,
  )
}

function withoutCredentials(line: string): string {
  return line.replace(credentialScheme, '$1$2[redacted]').replace(jsonWebToken, '[redacted]')
}

/** An error's own members, such as a response, are left out: only what names the fault is shown. */
function shownError(error: unknown, causes: number): unknown {
  if (!(error instanceof Error)) return { message: 'a value that is no error was thrown' }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 100) : undefined
  return {
    type: name.slice(0, 100),
    message: message.slice(0, textLimit),
    stack: stack?.slice(0, textLimit),
    // `code` is a name that is hidden.
    ...(code !== undefined && { errorCode: code }),
    ...(cause instanceof Error && causes > 0 && { cause: shownError(cause, causes - 1) }),
  }
}
