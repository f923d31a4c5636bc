import type { Registry } from './run.ts'

/** Every command, imported when it is needed: a command starts without what only others use. */
export const registry: Registry = {
  serve: () => import('./serve.ts'),
  demo: () => import('./demo.ts'),
  check: () => import('./check.ts'),
  init: () => import('./init.ts'),
  explain: () => import('./explain.ts'),
  token: () => import('./token.ts'),
  pin: () => import('./pin.ts'),
  audit: () => import('./audit.ts'),
}
