import { readdirSync } from 'node:fs'
import path from 'node:path'
import { defineConfig } from 'vitest/config'

const root = import.meta.dirname
const seconds = 1_000

/** Each folder of `tests/` that holds tests is a project of its name, so that none can be forgotten. */
const groups = readdirSync(path.join(root, 'tests'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && holdsTests(path.join(root, 'tests', entry.name)))
  .map((entry) => entry.name)

function holdsTests(folder: string): boolean {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.test.ts'))
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    allowOnly: false,
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          testTimeout: 20 * seconds,
          hookTimeout: 20 * seconds,
        },
      },
      ...groups.map((name) => ({
        test: {
          name,
          include: [`tests/${name}/**/*.test.ts`],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
        },
      })),
    ],
  },
})
