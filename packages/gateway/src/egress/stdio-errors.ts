import type { SecretDetector } from '../credentials/port.ts'
import type { EgressLog } from './results.ts'
import { Lines } from './stdio-lines.ts'

const maxLineBytes = 8_192
const maxShown = 500
/** Lines of one child in the log, in all; a child that says more is drained in silence. */
const maxLines = 200

/** Drains a child's standard error into the log: bounded, and without what holds its secret. */
export class ErrorOutput {
  readonly #upstream: string
  readonly #detector: SecretDetector | undefined
  readonly #log: EgressLog
  #lines = new Lines(maxLineBytes)
  #left = maxLines

  constructor(upstream: string, detector: SecretDetector | undefined, log: EgressLog) {
    this.#upstream = upstream
    this.#detector = detector
    this.#log = log
  }

  push(chunk: Buffer): void {
    if (this.#left === 0) return
    if (!this.#lines.push(chunk, (line) => this.#write(line))) this.#lines = new Lines(maxLineBytes)
  }

  #write(line: Buffer): void {
    if (this.#left === 0 || line.length === 0) return
    this.#left--
    const text = this.#detector?.matches(line) === true ? '[a line that held the credential]' : printable(line)
    this.#log.info({ upstream: this.#upstream, line: text, last: this.#left === 0 }, 'a child wrote to standard error')
  }
}

/** Control characters could steer a terminal that shows the log. */
function printable(line: Buffer): string {
  return line
    .subarray(0, maxShown)
    .toString('utf8')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
}
