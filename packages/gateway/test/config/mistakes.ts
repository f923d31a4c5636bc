import { expect } from 'vitest'
import { canary, load } from './written.ts'

/** A configuration without mistakes, which each case goes on from. */
export const start =
  'url: http://127.0.0.1:8080\nauthorizationServer: { clients: [{ id: agent, secret: "${AGENT}" }] }\n'
export const env = {
  AGENT: `${canary}-agent`,
  KEY: `${canary}-key`,
  TWIN: `${canary}-key`,
  SPACED: `${canary} with a space`,
  LINES: `${canary}\nx`,
  PREFIXED: `Bearer ${canary}`,
  EMPTY: '',
  OURS: jwtOf('http://127.0.0.1:8080'),
  THEIRS: `Bearer ${jwtOf('https://login.example.com/')}`,
}
export const http = (rest: string, name = 'a') =>
  `upstreams:\n  - name: ${name}\n    url: https://up.example.com/mcp\n    ${rest}\n`
export const stdio = (rest: string) => `upstreams:\n  - name: a\n    command: prog\n    ${rest}\n`
export const issuer = (rest: string) => `issuers:\n  - issuer: https://login.example.com\n    ${rest}\n`

function jwtOf(iss: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256' })}.${part({ iss, jti: canary })}.c2ln`
}

/** Title, what follows `start`, and of each problem its path and how what is wrong begins. */
export type Mistake = readonly [string, string, ...string[]]

/** These problems and no others, and no secret in any output. */
export async function expectProblems(rest: string, expected: readonly string[]): Promise<void> {
  const { problems, config, warnings } = await load(start + rest, { env })
  expect(config).toBeUndefined()
  const shown = problems.map((problem) => problem.replace(/^sallyport\.yaml:\d+:\d+:? /, ''))
  for (const text of expected) expect(shown).toContainEqual(expect.stringMatching(startingWith(text)))
  expect(shown).toHaveLength(expected.length)
  expect([...problems, ...warnings].join('\n').toLowerCase()).not.toContain(canary.slice(0, 12))
}

export function startingWith(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}
