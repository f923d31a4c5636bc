/**
 * Splits the text of a Cedar file into its policies, in the order they stand in. The engine's own splitter sorts by
 * `policyN` as text, so that an index into it names the wrong policy; and a text nested too deeply overflows the engine's
 * stack, which leaves it unusable for good, so nesting is judged here, before the engine sees anything. Pure.
 */

export interface Statement {
  /** From the first token to the `;`. */
  readonly text: string
  /** Of the first token, in UTF-16 units. */
  readonly offset: number
  /** Why the engine must not see it. */
  readonly problem: string | undefined
}

const maxLength = 64 * 1024
/** The engine was seen to overflow from 150 on; measured with 100. */
const maxNesting = 64
const maxClauses = 64

const tokens = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\s+|[\s\S]/g

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
    problem: text.length > maxLength ? `the policy is longer than ${maxLength} characters` : measure.problem,
  }
}

class Measure {
  #depth = 0
  #conditionals = 0
  #clauses = 0
  problem: string | undefined

  add(token: string): void {
    if (token === '(' || token === '[' || token === '{') this.#depth += 1
    else if (token === ')' || token === ']' || token === '}') this.#depth -= 1
    else if (token === 'if') this.#conditionals += 1
    else if (token === 'when' || token === 'unless') this.#clauses += 1
    else if (/^[0-9]/.test(token) && !Number.isSafeInteger(Number(token))) {
      this.problem ??= 'an integer beyond 2^53 - 1 is not supported: arguments never hold one'
    }
    if (this.#depth + this.#conditionals > maxNesting) this.problem ??= `the policy is nested deeper than ${maxNesting}`
    if (this.#clauses > maxClauses) this.problem ??= `the policy has more than ${maxClauses} clauses`
  }
}

/** Both from 1; the column counts UTF-16 units, as editors do. */
export function positionOf(source: string, offset: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
