/**
 * Appends to the log named by its argument, eight calls at a time, and prints the id of each intent as soon as it is
 * acknowledged, until it is killed. Ends with `! ` and why, where an intent is refused.
 */
import { writeSync } from 'node:fs'
import { openAuditLog } from '../../src/audit/index.ts'
import { answered, authorizedOf, commitmentKey, plan, random, systemClock } from './call.ts'

const log = await openAuditLog({
  file: process.argv[2] ?? '',
  tenant: 'default',
  commitmentKey,
  clock: systemClock,
  random,
  onError: () => {},
  limits: { waitMs: 500, stopMs: 100 },
})

await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const intent = await log.open(authorizedOf(), plan)
      writeSync(1, `${intent.entryId}\n`)
      log.close(intent, answered)
    }
  }),
).catch((error) => {
  writeSync(1, `! ${error instanceof Error ? `${error.name}: ${log.healthy}` : String(error)}\n`)
})
await log.stop()
