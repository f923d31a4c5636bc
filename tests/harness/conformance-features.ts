/** The tools, resources and prompts that the scenarios of the conformance suite name, each written once for both eras. */
import {
  acceptedContent,
  fromJsonSchema,
  inputRequired,
  McpServer,
  type RequestStateCodec,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { ask, questionsOf } from './conformance-questions.ts'
import { say, strings, type Tool } from './conformance-tool.ts'

/** Tells whoever listens that a list has changed, where the one server that runs now is not who knows them. */
export interface Changed {
  tools(): void
  prompts(): void
}

/** Nobody looks into them. */
const image = { data: Buffer.from('an image').toString('base64'), mimeType: 'image/png' }
const audio = { data: Buffer.from('a sound').toString('base64'), mimeType: 'audio/wav' }
const mirrored = { type: 'string' as const, 'x-mcp-header': 'Region' }

export function createConformanceFeatures(states: RequestStateCodec, changed?: Changed): McpServer {
  const server = new McpServer(
    { name: 'sallyport-conformance', version: '1.0.0' },
    {
      capabilities: { logging: {}, completions: {}, resources: { subscribe: true } },
      requestState: { verify: (state, context) => states.verify(state, context) },
    },
  )
  const change = changeTools(
    changed ?? { tools: () => server.sendToolListChanged(), prompts: () => server.sendPromptListChanged() },
  )
  const tools = { ...contentTools, ...schemaTools, ...streamTools, ...change, ...questionsOf(states) }
  for (const [name, { description, inputSchema = strings(), run }] of Object.entries(tools)) {
    server.registerTool(name, { description, inputSchema: fromJsonSchema<Record<string, string>>(inputSchema) }, run)
  }
  addResources(server)
  addPrompts(server)
  return server
}

const contentTools: Readonly<Record<string, Tool>> = {
  test_simple_text: {
    description: 'Answers with text.',
    run: async () => say('a simple text'),
  },
  test_image_content: {
    description: 'Answers with an image.',
    run: async () => ({ content: [{ type: 'image', ...image }] }),
  },
  test_audio_content: {
    description: 'Answers with a sound.',
    run: async () => ({ content: [{ type: 'audio', ...audio }] }),
  },
  test_embedded_resource: {
    description: 'Answers with a resource.',
    run: async () => ({ content: [embedded('test://embedded-resource', 'an embedded resource')] }),
  },
  test_multiple_content_types: {
    description: 'Answers with text, an image and a resource.',
    run: async () => ({
      content: [
        { type: 'text', text: 'three kinds' },
        { type: 'image', ...image },
        embedded('test://mixed-content-resource', 'one of three'),
      ],
    }),
  },
  test_error_handling: {
    description: 'Fails.',
    run: async () => {
      throw new Error('this tool always fails')
    },
  },
}

/** Their definitions are what matters: keywords of JSON Schema that have to arrive, an argument mirrored into a header. */
const schemaTools: Readonly<Record<string, Tool>> = {
  json_schema_2020_12_tool: {
    description: 'Has a schema of many keywords.',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { address: { $anchor: 'address', type: 'object', properties: { city: { type: 'string' } } } },
      type: 'object',
      properties: { name: { type: 'string' }, phone: { type: 'string' }, home: { $ref: '#/$defs/address' } },
      allOf: [{ anyOf: [{ required: ['name'] }, { required: ['phone'] }] }],
      if: { properties: { name: { const: 'nobody' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['name'] },
      additionalProperties: false,
    },
    run: async () => say('fits'),
  },
  test_x_mcp_header: {
    description: 'Has an argument that a header mirrors.',
    inputSchema: { type: 'object', properties: { region: mirrored } },
    run: async ({ region }) => say(`region ${region}`),
  },
}

/** They tell something before they answer. */
const streamTools: Readonly<Record<string, Tool>> = {
  test_tool_with_progress: {
    description: 'Reports its progress.',
    run: async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
        }
        await pause()
      }
      return say('done')
    },
  },
  test_tool_with_logging: { description: 'Logs while it runs.', run: (_, context) => logThrice(context) },
  test_logging_tool: {
    description: 'Logs while it runs, where it is asked to.',
    run: (_, context) => logThrice(context),
  },
  test_reconnection: {
    description: 'Closes its stream before it answers.',
    run: async (_, { http }) => {
      http?.closeSSE?.()
      await pause()
      return say('answered after the stream was closed')
    },
  },
}

async function logThrice({ mcpReq }: ServerContext) {
  for (const message of ['started', 'at work', 'done']) {
    await mcpReq.log('info', message)
    await pause()
  }
  return say('logged')
}

function changeTools(changed: Changed): Readonly<Record<string, Tool>> {
  return {
    test_trigger_tool_change: {
      description: 'Says that the tools have changed.',
      run: async () => {
        changed.tools()
        return say('said so')
      },
    },
    test_trigger_prompt_change: {
      description: 'Says that the prompts have changed.',
      run: async () => {
        changed.prompts()
        return say('said so')
      },
    },
  }
}

function addResources(server: McpServer): void {
  const plain = { mimeType: 'text/plain' }
  for (const name of ['static-text', 'watched-resource']) {
    server.registerResource(name, `test://${name}`, { ...plain, description: 'Text.' }, async (uri) => ({
      contents: [{ uri: uri.href, ...plain, text: `this is ${name}` }],
    }))
  }
  const { data, mimeType } = image
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { mimeType, description: 'Bytes.' },
    async (uri) => ({
      contents: [{ uri: uri.href, mimeType, blob: data }],
    }),
  )
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  server.registerResource('template', template, { ...plain, description: 'By number.' }, async (uri, { id }) => ({
    contents: [{ uri: uri.href, ...plain, text: `data of ${String(id)}` }],
  }))
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

function addPrompts(server: McpServer): void {
  const user = <Content>(content: Content) => ({ role: 'user' as const, content })
  const text = (said: string) => user({ type: 'text' as const, text: said })
  server.registerPrompt('test_simple_prompt', { description: 'Text.' }, async () => ({ messages: [text('simple')] }))
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Two arguments.', argsSchema: fromJsonSchema<Record<string, string>>(strings('arg1', 'arg2')) },
    async ({ arg1, arg2 }) => ({ messages: [text(`${arg1} and ${arg2}`)] }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A resource.', argsSchema: fromJsonSchema<{ resourceUri: string }>(strings('resourceUri')) },
    async ({ resourceUri }) => ({ messages: [user(embedded(resourceUri, 'embedded')), text('read it')] }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'An image.' }, async () => ({
    messages: [user({ type: 'image' as const, ...image }), text('look at it')],
  }))
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first.' }, async ({ mcpReq }) => {
    const context = acceptedContent(mcpReq.inputResponses, 'user_context')?.context
    if (typeof context === 'string') return { messages: [text(context)] }
    return inputRequired({ inputRequests: { user_context: ask('In which context?', contextForm) } })
  })
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: ['paris', 'park'] } }))
}

const contextForm = { type: 'object' as const, properties: { context: { type: 'string' as const } } }

function embedded(uri: string, text: string) {
  return { type: 'resource' as const, resource: { uri, mimeType: 'text/plain', text } }
}

/** So that what is told while a tool runs arrives before its result. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
