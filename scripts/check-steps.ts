import type { Step } from './step.ts'

const vitest = 'node_modules/vitest/vitest.mjs'

/** What a change must pass before it is shown to anybody: everything but what needs whole processes and time. */
export const checkSteps: readonly Step[] = [
  {
    name: 'format and lint',
    file: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', '.'],
    timeoutSeconds: 120,
  },
  {
    name: 'floating promises',
    file: 'node_modules/oxlint/bin/oxlint',
    args: ['--type-aware', '--deny-warnings', 'packages', 'tests', 'bench', 'scripts', 'examples'],
    timeoutSeconds: 120,
  },
  {
    name: 'types',
    file: 'node_modules/typescript/bin/tsc',
    args: ['-p', 'tsconfig.json', '--noEmit'],
    timeoutSeconds: 120,
  },
  {
    name: 'type tests',
    file: 'node_modules/typescript/bin/tsc',
    args: ['-p', 'tests/types/tsconfig.json', '--noEmit'],
    timeoutSeconds: 120,
  },
  {
    name: 'imports',
    file: 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.cjs', 'packages'],
    timeoutSeconds: 120,
  },
  { name: 'unused code', file: 'node_modules/knip/bin/knip.js', args: ['--no-progress'], timeoutSeconds: 120 },
  tests('unit tests', ['unit'], 360),
  tests('walls', ['architecture', 'types'], 180),
]

/** A step that runs projects of vitest.config.ts. */
export function tests(name: string, projects: readonly string[], timeoutSeconds: number): Step {
  return { name, file: vitest, args: ['run'], timeoutSeconds, projects }
}
