/** Real MCP clients: the TypeScript SDKs 2 and 1, imported when the demo runs. */
import type { CallOutcome, ClientOptions, MakeClient, StoryClient, ToolCall } from './client.ts'

const clientInfo = { name: 'sallyport-demo', version: '1.0.0' }
const capabilities = { elicitation: {}, sampling: {} }
const request = { timeout: 15_000 }
const capturedBytes = 4 * 1024 * 1024

export const makeClient: MakeClient = (options) =>
  options.kind === 'sdk1' ? connectSdk1(options) : connectSdk2(options)

async function connectSdk2({ kind, url, token, paste }: ClientOptions): Promise<StoryClient> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const capture = createCapture()
  const mode = kind === 'sdk2-modern' ? { pin: '2026-07-28' } : 'legacy'
  const client = new Client(clientInfo, { capabilities, versionNegotiation: { mode } })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { token: paste } }))
  client.setRequestHandler('sampling/createMessage', () => sampled(paste))
  const authProvider = { token: async () => token }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider, fetch: capture.fetch }))
  return story(client, async (call) => (await client.callTool(mutable(call), request)).isError === true, capture)
}

async function connectSdk1({ url, token, paste }: ClientOptions): Promise<StoryClient> {
  const [{ Client }, { StreamableHTTPClientTransport }, { ElicitRequestSchema, CreateMessageRequestSchema }] =
    await Promise.all([
      import('@modelcontextprotocol/sdk/client/index.js'),
      import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
      import('@modelcontextprotocol/sdk/types.js'),
    ])
  const capture = createCapture()
  const client = new Client(clientInfo, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept' as const, content: { token: paste } }))
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled(paste))
  const refuse = () => {
    throw new Error('the demo has its token already')
  }
  const authProvider = {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [] },
    clientInformation: () => undefined,
    tokens: () => ({ access_token: token, token_type: 'Bearer' }),
    saveTokens: refuse,
    redirectToAuthorization: refuse,
    saveCodeVerifier: refuse,
    codeVerifier: refuse,
  }
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider, fetch: capture.fetch })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return story(
    client,
    async (call) => (await client.callTool(mutable(call), undefined, request)).isError === true,
    capture,
  )
}

const mutable = ({ name, arguments: given = {}, _meta }: ToolCall) => ({
  name,
  arguments: { ...given },
  ...(_meta === undefined ? {} : { _meta: { ..._meta } }),
})

const sampled = (text: string) => ({
  role: 'assistant' as const,
  model: 'demo',
  content: { type: 'text' as const, text },
})

interface SdkClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>
  close(): Promise<void>
}

/** Resolves to whether the result says that it is an error; rejects where there is no result. */
type Invoke = (call: ToolCall) => Promise<boolean>

function story(client: SdkClient, invoke: Invoke, capture: Capture): StoryClient {
  return {
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    async call(call) {
      const from = capture.mark()
      const ok = await invoke(call).then(
        (isError) => !isError,
        () => false,
      )
      const received = capture.since(from)
      return { ok, code: codeIn(received), received }
    },
    close: () => client.close(),
  }
}

function codeIn(received: CallOutcome['received']): number | undefined {
  const code = /"code":\s*(200[1-9])\b/.exec(received.toString('latin1'))?.[1]
  return code === undefined ? undefined : Number(code)
}

interface Capture {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  mark(): number
  since(mark: number): Buffer
}

/** Keeps what a client is answered, as it passes, streams included. */
function createCapture(): Capture {
  let bytes = Buffer.alloc(0)
  const keep = (chunk: Uint8Array): void => {
    if (bytes.length < capturedBytes) bytes = Buffer.concat([bytes, chunk])
  }
  return {
    async fetch(url, init) {
      const response = await fetch(url, init)
      keep(Buffer.from(`${JSON.stringify([...response.headers])}\n`))
      if (response.body === null) return response
      const body = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            keep(chunk)
            controller.enqueue(chunk)
          },
        }),
      )
      const { status, statusText, headers } = response
      return new Response(body, { status, statusText, headers })
    },
    mark: () => bytes.length,
    since: (mark) => bytes.subarray(mark),
  }
}
