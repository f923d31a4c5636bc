export { type Broken, type Loaded, loadConfig } from './load.ts'
export { formatProblem, type Problem } from './problem.ts'
