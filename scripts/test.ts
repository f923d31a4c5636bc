/** `npm test`: all of `npm run check`, then every other folder of `tests/` that holds tests, one at a time. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { checkSteps, tests } from './check-steps.ts'
import { root, runSteps } from './step.ts'

const checked = new Set(checkSteps.flatMap(({ projects }) => projects ?? []))

const others = readdirSync(path.join(root, 'tests'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.split(path.sep)[0] ?? '')
  .filter((name) => !checked.has(name))

process.exitCode = await runSteps([
  ...checkSteps,
  ...[...new Set(others)].sort().map((name) => tests(name, [name], 300)),
])
