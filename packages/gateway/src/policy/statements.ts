/**
 * Splits the text of a Cedar file into its policies, in the order they stand in. The engine's own splitter sorts by
 * `policyN` as text, so that an index into it names the wrong policy; and a text nested too deeply overflows the engine's
 * stack, which leaves it unusable for good, so nesting is judged here, before the engine sees anything. Pure.
 */

export interface StatementProblem {
  readonly message: string
  readonly help: string
}

export interface Statement {
  /** From the first token to the `;`. */
  readonly text: string
  /** Of the first token, in UTF-16 units. */
  readonly offset: number
  /** Why the engine must not see it. */
  readonly problem: StatementProblem | undefined
}

const maxLength = 64 * 1024
/** The engine was seen to overflow at 150, and not at 100. */
const maxNesting = 64
/** At 1,000, and not at 100. */
const maxClauses = 64
/** Chained ones nest: at 5,000, and not at 2,000. */
const maxOperators = 1000

const splitIt = 'split it into several policies, or use sets and `contains`'

const operators: ReadonlySet<string> = new Set(['||', '&&', '+', '-', '*', '.'])

const tokens = /\/\/[^\n]*|"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\|\||&&|\s+|[\s\S]/g

export function splitStatements(source: string): readonly Statement[] {
  const statements: Statement[] = []
  let start: number | undefined
  let measure = new Measure()
  for (const match of source.matchAll(tokens)) {
    const [token] = match
    if (token.startsWith('//') || token.trim() === '') continue
    start ??= match.index
    measure.add(token)
    if (token !== ';') continue
    statements.push(statement(source.slice(start, match.index + 1), start, measure))
    start = undefined
    measure = new Measure()
  }
  if (start !== undefined) statements.push(statement(source.slice(start), start, measure))
  return statements
}

function statement(text: string, offset: number, measure: Measure): Statement {
  return {
    text,
    offset,
    problem:
      text.length > maxLength
        ? { message: `the policy is longer than ${maxLength} characters`, help: splitIt }
        : measure.problem,
  }
}

class Measure {
  #depth = 0
  #conditionals = 0
  #clauses = 0
  #operators = 0
  problem: StatementProblem | undefined

  add(token: string): void {
    if (token === '(' || token === '[' || token === '{') this.#depth += 1
    else if (token === ')' || token === ']' || token === '}') this.#depth -= 1
    else if (operators.has(token)) this.#operators += 1
    else if (token === 'if') this.#conditionals += 1
    else if (token === 'when' || token === 'unless') this.#clauses += 1
    else if (/^[0-9]/.test(token) && !Number.isSafeInteger(Number(token))) {
      this.problem ??= {
        message: 'an integer beyond 2^53 - 1 is not supported: arguments never hold one',
        help: 'compare with a smaller one',
      }
    }
    if (this.#depth + this.#conditionals > maxNesting) this.#tooMuch(`the policy is nested deeper than ${maxNesting}`)
    if (this.#operators > maxOperators) this.#tooMuch(`the policy has more than ${maxOperators} operators`)
    if (this.#clauses > maxClauses) this.#tooMuch(`the policy has more than ${maxClauses} clauses`)
  }

  #tooMuch(message: string): void {
    this.problem ??= { message, help: splitIt }
  }
}

export interface Position {
  readonly line: number
  readonly column: number
}

/** Both from 1; the column counts UTF-16 units, as editors do. */
export function positionsIn(source: string): (offset: number) => Position {
  const starts = [0, ...source.matchAll(/\n/g).map(({ index }) => index + 1)]
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
