/**
 * The known name that `given` was probably meant to be: at most a third of its letters wrong, swapped, missing or too
 * many (optimal string alignment distance), case aside. Undefined where none is near.
 */
export function closest(given: string, known: Iterable<string>): string | undefined {
  if (given.length > 64) return undefined
  const wanted = given.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** ``did you mean `url`?``, or `otherwise` where nothing is near. */
export function didYouMean(given: string, known: Iterable<string>, otherwise: string): string {
  const near = closest(given, known)
  return near === undefined ? otherwise : `did you mean \`${near}\`?`
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
