/** `npm run check`. */
import { checkSteps } from './check-steps.ts'
import { runSteps } from './step.ts'

process.exitCode = await runSteps(checkSteps)
