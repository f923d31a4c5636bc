import type { Clock, RandomBytes } from '../clock.ts'
import type { EgressResult } from '../egress/port.ts'
import type { Refusal } from '../refusal.ts'
import { type Authorized, type Intent, mint, type Plan } from '../stages.ts'
import { intentRecord, notMadeRecord, outcomeRecord } from './call-records.ts'
import { commitmentSalt } from './commitment.ts'
import type { Entry, EntryFields } from './entry.ts'
import { Handover } from './handover.ts'
import { type HandoverLimits, handoverLimits } from './limits.ts'
import type { AuditLog } from './port.ts'
import { assemble, entryId, recordOf, splitParts } from './record.ts'
import { RefusalCounts } from './refusal-counts.ts'

export interface AuditLogOptions {
  /** The log's own SQLite file. */
  readonly file: string
  /** Of entries that name none. */
  readonly tenant: string
  /** Salts the commitments to arguments; at least 32 bytes, kept as secret and as long as the log. */
  readonly commitmentKey: Buffer
  readonly clock: Clock
  readonly random: RandomBytes
  /** What kept the log from writing, once for each outage; the log recovers by itself. */
  readonly onError: (error: Error) => void
  /** After each commit: how many entries it made durable, and the milliseconds from handing them over to knowing it. */
  readonly onCommit?: (entries: number, ms: number) => void
  readonly limits?: Partial<HandoverLimits>
  /** The writer thread's module, where it is not beside this one. */
  readonly module?: URL
}

export interface OpenAuditLog extends AuditLog {
  /** Entries that are not durable yet. */
  readonly waiting: number
}

const minuteMs = 60_000
const writerBytes = 8

/** A bundle is JavaScript, and holds the writer as a file of its own. */
const besideThis = import.meta.url.endsWith('.ts') ? './writer.ts' : './audit-writer.js'

/**
 * Opens the log for one writer, and creates its file where there is none. Any number of writers, one a process, may have
 * one file open.
 * @throws where the file cannot be opened, is no log, or is of a newer version.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<OpenAuditLog> {
  const { file, tenant, commitmentKey, clock, random, onError } = options
  const writer = random(writerBytes).toString('hex')
  commitmentSalt(commitmentKey, writer) // a key that is too short is refused here
  const at = timestamps(clock)
  const eventRecord = (detail: string, count?: number) =>
    recordOf({ kind: 'event', requestId: writer, tenant, status: 'error', detail, count }, at())
  const handover = await Handover.start({
    module: options.module ?? new URL(besideThis, import.meta.url),
    data: { file, writer, commitmentKey },
    limits: { ...handoverLimits, ...options.limits },
    monotonic: () => clock.monotonic(),
    onError,
    onCommit: options.onCommit ?? (() => {}),
    eventRecord,
  })

  const counts = new RefusalCounts()
  let minuteEnd: NodeJS.Timeout | undefined
  const writeCounts = () => {
    clearTimeout(minuteEnd)
    minuteEnd = undefined
    for (const counted of counts.drain()) handover.submit(recordOf(counted, at()))
  }
  const count = (fields: EntryFields) => {
    const now = clock.now()
    const minute = Math.floor(now / minuteMs)
    if (counts.isOver(minute)) writeCounts()
    if (counts.count(minute, fields)) handover.submit(recordOf(fields, at()))
    minuteEnd ??= setTimeout(writeCounts, minuteMs - (now % minuteMs)).unref()
  }
  /** For what must not throw: a fault here is the operator's, and takes nothing with it. */
  const contained = (act: () => void) => {
    try {
      act()
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
    }
  }

  return {
    open<U extends string>(authorized: Authorized<U>, plan: Plan<U>): Promise<Intent<U>> {
      return new Promise((resolve, reject) => {
        handover.submitAwaited(intentRecord(authorized, plan, at()), {
          durable(seq) {
            const { upstream } = authorized
            const startedMs = clock.monotonic()
            resolve(mint<Intent<U>>({ upstream, entryId: entryId(writer, seq), authorized, plan, startedMs }))
          },
          failed: reject,
          late: (seq) => handover.submit(notMadeRecord(authorized, entryId(writer, seq), at())),
        })
      })
    },

    close(intent: Intent, result: EgressResult): void {
      contained(() => {
        const ms = Math.round((clock.monotonic() - intent.startedMs) * 100) / 100
        handover.submit(outcomeRecord(intent, result, at(), ms))
      })
    },

    refuse(refusal: Refusal, known: Partial<EntryFields> & { readonly requestId: string }): void {
      contained(() => {
        const { reason: status, detail } = refusal
        const fields: EntryFields = { ...known, tenant: known.tenant ?? tenant, kind: 'refusal', status, detail }
        if (known.agent === undefined) count(fields)
        else handover.submit(recordOf(fields, at()))
      })
    },

    append(fields: EntryFields): Promise<Entry> {
      return new Promise((resolve, reject) => {
        const record = recordOf(fields, at())
        handover.submitAwaited(record, {
          durable: (seq) => resolve(JSON.parse(assemble(splitParts(record), writer, seq, '')) as Entry),
          failed: reject,
          late: () => {},
        })
      })
    },

    get healthy() {
      return handover.healthy
    },

    get waiting() {
      return handover.waiting
    },

    async stop() {
      contained(writeCounts)
      await handover.stop()
    },
  }
}

/** RFC 3339 of now, written once a millisecond. */
function timestamps(clock: Clock): () => string {
  let ms = Number.NaN
  let text = ''
  return () => {
    const now = clock.now()
    if (now !== ms) {
      text = new Date(now).toISOString()
      ms = now
    }
    return text
  }
}
