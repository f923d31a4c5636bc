/** What the bench prints. */

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
  return { min: round(sorted[0]), median: round(median), max: round(sorted.at(-1)) }
}

function round(value: number | undefined): number {
  return Math.round((value ?? Number.NaN) * 100) / 100
}

/** One target in one round. */
export interface Sample {
  readonly microsPerCall: number
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type Samples = Readonly<Record<'gateway' | 'bare', readonly Sample[]>> & {
  readonly nginx: readonly Sample[] | undefined
}

export interface Figures {
  /** Gateway to nginx, and to the bare proxy, CPU per call, round by round. */
  readonly nginxRatio: Spread | null
  readonly bareRatio: Spread
  /** CPU microseconds of the proxy for each call: all threads, user and system. */
  readonly microsPerCall: Spread
  readonly nginxMicros: Spread | null
  readonly bareMicros: Spread
  /** Of the gateway, as its client saw it. */
  readonly p99Ms: Spread
  /** Measured calls through the gateway, and as many through each of the others; every answer was checked. */
  readonly calls: number
  readonly concurrency: number
  readonly node: string
}

export function figuresOf(samples: Samples, calls: number, concurrency: number): Figures {
  const micros = (of: readonly Sample[]): Spread => spread(of.map(({ microsPerCall }) => microsPerCall))
  const ratio = (to: readonly Sample[]): Spread =>
    spread(samples.gateway.map(({ microsPerCall }, round) => microsPerCall / (to[round]?.microsPerCall ?? Number.NaN)))
  return {
    nginxRatio: samples.nginx === undefined ? null : ratio(samples.nginx),
    bareRatio: ratio(samples.bare),
    microsPerCall: micros(samples.gateway),
    nginxMicros: samples.nginx === undefined ? null : micros(samples.nginx),
    bareMicros: micros(samples.bare),
    p99Ms: spread(samples.gateway.map(({ p99Ms }) => p99Ms)),
    calls,
    concurrency,
    node: process.version,
  }
}

export function tableOf(samples: Samples, figures: Figures): string {
  const line = (name: string, of: readonly Sample[]): string => {
    const cells = [
      spread(of.map(({ microsPerCall }) => microsPerCall)),
      spread(of.map(({ callsPerSecond }) => Math.round(callsPerSecond))),
      spread(of.map(({ p50Ms }) => p50Ms)),
      spread(of.map(({ p99Ms }) => p99Ms)),
    ]
    return [name.padEnd(10), ...cells.map((cell) => show(cell).padStart(24))].join('')
  }
  const heads = ['CPU µs per call', 'calls per second', 'p50 ms', 'p99 ms']
  const ratios = [
    `gateway to bare proxy  ${show(figures.bareRatio)}`,
    figures.nginxRatio === null
      ? 'gateway to nginx       not measured: nginx is not installed (Debian: `apt-get install nginx-light`)'
      : `gateway to nginx       ${show(figures.nginxRatio)}`,
  ]
  return [
    [''.padEnd(10), ...heads.map((head) => head.padStart(24))].join(''),
    ...(samples.nginx === undefined ? [] : [line('nginx', samples.nginx)]),
    line('bare proxy', samples.bare),
    line('gateway', samples.gateway),
    '',
    ...ratios,
    `min / median / max of ${samples.gateway.length} rounds, ${figures.calls} calls through each, ${figures.concurrency} at a time, Node ${figures.node}`,
  ].join('\n')
}

function show({ min, median, max }: Spread): string {
  return `${min} / ${median} / ${max}`
}
