export { type Broken, type Loaded, type LoadOptions, loadConfig } from './load.ts'
export { formatProblem, type Problem } from './problem.ts'
