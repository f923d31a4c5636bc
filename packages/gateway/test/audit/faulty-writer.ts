/**
 * A writer thread that meets the trouble named in the file `trouble` beside the log: `pages=N`, a disk with room for N pages of the
 * database; `die-before` and `die-after`, the thread ends before or after it has committed a batch; `ok`, none.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { serveWriter, type WriterData } from '../../src/audit/serve-writer.ts'
import { openSqliteFile } from '../../src/store/sqlite-file.ts'

const port = parentPort
if (port === null) throw new Error('runs as a worker thread')
const data = workerData as WriterData
const trouble = () => readFileSync(path.join(path.dirname(data.file), 'trouble'), 'utf8')
let opened = false

serveWriter(
  {
    on(event: string, listener: (value: unknown) => void) {
      return port.on(event, (value) => {
        if (value !== null && trouble() === 'die-before') process.exit(1)
        listener(value)
      })
    },
    postMessage(answer: unknown) {
      if (opened && trouble() === 'die-after') process.exit(1)
      opened = true
      port.postMessage(answer)
    },
    close: () => port.close(),
  } as typeof port,
  data,
  (file) => {
    const database = openSqliteFile(file)
    const pages = /^pages=(\d+)$/.exec(trouble())?.[1]
    if (pages !== undefined) database.exec(`PRAGMA max_page_count = ${pages}`)
    return database
  },
)
