/** The entry point of the writer thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { serveWriter, type WriterData } from './serve-writer.ts'

if (parentPort === null) throw new Error('the audit writer runs as a worker thread')
serveWriter(parentPort, workerData as WriterData)
