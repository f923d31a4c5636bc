/** The end of the story, for a person. Pure. */
import type { Story } from './story.ts'

const headings = ['What was tried', 'Times', 'What happened', ''] as const

/** @returns lines of plain text, each ended. */
export function renderStory({ acts, figures }: Story): string {
  const rows = acts.map(
    ({ tried, times, happened, held }) => [tried, String(times), happened, held ? 'held' : 'BROKEN'] as const,
  )
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const {
    calls,
    upstreams,
    inboundTokenSightings,
    replaysTried,
    replaysRefused,
    echoesTried,
    echoesBlocked,
    auditEntries,
  } = figures
  return [
    line(headings),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    `${calls} calls to ${upstreams} upstreams: clients' access tokens were seen ${inboundTokenSightings} times beyond the gateway.`,
    `${replaysRefused} of ${replaysTried} replays were refused, ${echoesBlocked} of ${echoesTried} echoes of a credential were blocked.`,
    `${auditEntries} entries in the log${figures.auditComplete ? ', nothing missing.' : ': INCOMPLETE.'}`,
    '',
  ].join('\n')
}
