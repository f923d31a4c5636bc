/**
 * Kills a process that writes the audit log with SIGKILL at random times, and looks whether anything acknowledged is
 * lost: `node tests/faults/audit-kill.ts --runs N [--json]`. Exits with 1 where something is, or where the log has flaws.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { killRuns } from '../../packages/gateway/test/audit/kill.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '30' }, json: { type: 'boolean', default: false } },
})
const runs = Number(values.runs)
if (!Number.isSafeInteger(runs) || runs < 1) throw new RangeError(`--runs \`${values.runs}\` is no positive number`)

const folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-audit-kill-'))
const { flaws, ...report } = await killRuns(path.join(folder, 'audit.db'), runs).finally(() =>
  rmSync(folder, { recursive: true }),
)
for (const flaw of flaws) process.stderr.write(`${flaw}\n`)
const { acknowledged, lost } = report
process.stdout.write(
  values.json
    ? `${JSON.stringify(report)}\n`
    : `${runs} kills, ${acknowledged} intents acknowledged, ${lost} lost, ${flaws.length} flaws\n`,
)
process.exitCode = lost > 0 || flaws.length > 0 ? 1 : 0
