/** A gateway in front of two upstreams and beside another issuer, for tests of what it refuses. Starts with the file that imports it. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { CapturingUpstream, captureTools } from '../harness/capture.ts'
import { type RunningGateway, startGateway } from '../harness/gateway.ts'
import { Issuer } from '../harness/issuer.ts'
import { type ModernCall, type RawAnswer, sendModern } from '../harness/raw.ts'

export const policy = `
permit (principal, action == Sallyport::Action::"list", resource);
permit (principal, action in Sallyport::Action::"call", resource) when { resource.readOnly };
@approval("finance, 2")
permit (principal, action == Sallyport::Action::"vendor/pay", resource) when { context.arguments.amount < 1000 };
permit (principal, action == Sallyport::Action::"other/echo", resource);
`
export const tools = [
  ...captureTools,
  { name: 'pay', inputSchema: { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] } },
  { name: 'drop', inputSchema: { type: 'object' } },
]

export let upstream: CapturingUpstream
export let other: CapturingUpstream
export let issuer: Issuer
export let gateway: RunningGateway
export let token: string

beforeAll(async () => {
  ;[upstream, other, issuer] = await Promise.all([CapturingUpstream.start(), CapturingUpstream.start(), Issuer.start()])
  upstream.tools = tools
  gateway = await startGateway({
    upstreams: [
      {
        name: 'vendor',
        url: upstream.url,
        credentials: { type: 'bearer', token: { secret: randomBytes(24).toString('hex') } },
      },
      { name: 'other', url: other.url },
    ],
    issuers: [{ issuer: issuer.url, algorithms: ['ES256'], endpoints: { vendor: { audience: 'api://vendor' } } }],
    policies: { 'main.cedar': policy },
    clients: { agent: undefined, reader: ['vendor:read', 'mcp:list'] },
  })
  token = await gateway.token('vendor')
  expect((await call({})).status).toBe(200)
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([upstream?.stop(), other?.stop(), issuer?.stop()])
})

beforeEach(() => {
  upstream.requests = 0
  upstream.misbehave = () => false
})

export function call(more: Partial<ModernCall>): Promise<RawAnswer> {
  return sendModern({
    url: gateway.endpoint('vendor'),
    token,
    name: 'echo',
    params: { name: 'echo', arguments: { message: 'hello' } },
    ...more,
  })
}

export function tool(name: string, args: Record<string, unknown>): Partial<ModernCall> {
  return { name, params: { name, arguments: args } }
}

interface Refused {
  readonly code: number
  readonly requestId: string
}

export function refusalOf(answer: RawAnswer): Refused {
  const body = JSON.parse(answer.body) as {
    error?: { code: number; data: Refused }
    result?: { isError: boolean; _meta: Record<string, Refused> }
  }
  if (body.error !== undefined) return { ...body.error.data, code: body.error.code }
  expect(body.result?.isError).toBe(true)
  const refusal = body.result?._meta['dev.sallyport/refusal']
  if (refusal === undefined) throw new Error(`no refusal in ${answer.body}`)
  return refusal
}

/** Status and code as given; nothing sent; one entry that says why. */
export async function expectRefused(answer: RawAnswer, status: number, code: number, reason: string): Promise<void> {
  expect({
    status: answer.status,
    code: refusalOf(answer).code,
    body: answer.status === status ? '' : answer.body,
  }).toEqual({ status, code, body: '' })
  expect(upstream.requests).toBe(0)
  const { requestId } = refusalOf(answer)
  expect(requestId).toMatch(/^\S{8,}$/)
  const [entry] = await gateway.auditWhere((one) => one.kind === 'refusal' && one.requestId === requestId)
  expect(entry?.status).toBe(reason)
}
