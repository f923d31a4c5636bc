import { Counter, type Registry } from 'prom-client'

/** One child of a counter: plain, so that counting costs an addition; prom-client reads it when it is asked. */
export interface Tally {
  count: number
}

export interface TallyOptions {
  readonly registry: Registry
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

/** Makes and finds the children of one counter, by their label values in order. Whoever calls bounds how many there are. */
export function tallies({ registry, name, help, labelNames }: TallyOptions): (...values: readonly string[]) => Tally {
  const children = new Map<string, Tally & { readonly labels: Record<string, string> }>()
  new Counter<string>({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, count } of children.values()) this.inc(labels, count)
    },
  })
  return (...values) => {
    const key = values.join('\n')
    let child = children.get(key)
    if (child === undefined) {
      child = { count: 0, labels: Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? ''])) }
      children.set(key, child)
    }
    return child
  }
}
