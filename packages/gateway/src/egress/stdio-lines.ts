import { Pieces } from '../mcp/pieces.ts'

/** Splits a byte stream into lines (MCP 2026-07-28, stdio: one message a line). */
export class Lines {
  readonly #maxBytes: number
  readonly #begun = new Pieces()

  /** @param maxBytes of one line, without its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Calls back for each whole line, without its end. False where a line is too long: the framing is lost, give up. */
  push(chunk: Buffer, onLine: (line: Buffer) => void): boolean {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      if (this.#begun.length + end - start > this.#maxBytes) return false
      this.#begun.push(chunk.subarray(start, end))
      const line = this.#begun.take()
      start = end + 1
      onLine(line.at(-1) === 0x0d ? line.subarray(0, -1) : line)
    }
    if (start < chunk.length) {
      if (this.#begun.length + chunk.length - start > this.#maxBytes) return false
      this.#begun.push(chunk.subarray(start))
    }
    return true
  }
}
