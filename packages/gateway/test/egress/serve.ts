import { afterEach } from 'vitest'
import type { HttpUpstreamConfig } from '../../src/config/types.ts'
import { type Bench, bench, httpUpstream } from './support.ts'
import { type Upstream, upstreamOf } from './upstream-server.ts'

const closing: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Runs after the test, last first. */
export function later(close: () => Promise<unknown> | undefined): void {
  closing.push(close)
}

/** An upstream that answers so, and an egress that sends to it; both end with the test. */
export async function serve(
  answer: Parameters<typeof upstreamOf>[0],
  overrides: Partial<HttpUpstreamConfig> = {},
  options: Parameters<typeof bench>[1] = {},
): Promise<Bench & { readonly upstream: Upstream }> {
  const upstream = await upstreamOf(answer)
  later(() => upstream.close())
  const made = bench([httpUpstream(upstream.url, overrides)], options)
  later(() => made.egress.stop())
  return { ...made, upstream }
}
