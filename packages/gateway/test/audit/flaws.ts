import { leafHash, type StoredEntry } from '../../src/audit/index.ts'

/** What is wrong with a log: gaps in positions or in a writer's sequence, ids or leaf hashes that do not fit. */
export function flawsOf(stored: readonly StoredEntry[]): readonly string[] {
  const seqs = new Map<string, number>()
  return stored.flatMap(({ position, entry, canonical, leafHash: hash }, index) => {
    const expected = (seqs.get(entry.writer) ?? 0) + 1
    seqs.set(entry.writer, entry.seq)
    const flaws: string[] = []
    if (position !== index + 1) flaws.push(`position ${position} is at ${index + 1}`)
    if (entry.seq !== expected) flaws.push(`${entry.id} follows ${entry.writer}-${expected - 1}`)
    if (entry.id !== `${entry.writer}-${entry.seq}`) flaws.push(`${entry.id} is ${entry.seq} of ${entry.writer}`)
    if (leafHash(canonical) !== hash) flaws.push(`${entry.id} has another leaf hash`)
    return flaws
  })
}
