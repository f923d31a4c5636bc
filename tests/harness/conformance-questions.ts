/**
 * What the fixture asks of its client: by multi round-trip requests, which the SDK turns into requests of the server's
 * own where the client speaks 2025-11-25.
 */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequest,
  inputRequired,
  inputResponse,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { say, strings, type Tool } from './conformance-tool.ts'

type Form = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']

const nameForm: Form = strings('name')
const okForm: Form = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }

export function ask(message: string, requestedSchema: Form): InputRequest {
  return inputRequired.elicit({ message, requestedSchema })
}

function sample(text: string): InputRequest {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 })
}

/** A tool that asks one thing and says what it heard. */
function asking(description: string, key: string, request: InputRequest): Tool {
  return {
    description,
    run: async (_, context) => heard(context, key) ?? inputRequired({ inputRequests: { [key]: request } }),
  }
}

function heard({ mcpReq }: ServerContext, key: string) {
  const response = inputResponse(mcpReq.inputResponses, key)
  return response.kind === 'missing' ? undefined : say(`heard ${JSON.stringify(response)}`)
}

/** As `asking`, and insists on the state that it gave out. The SDK refuses a state that was tampered with. */
function remembering(
  states: RequestStateCodec,
  description: string,
  requests: Readonly<Record<string, InputRequest>>,
): Tool {
  return {
    description,
    run: async (_, context) => {
      const { inputResponses } = context.mcpReq
      const complete = Object.keys(requests).every((key) => inputResponse(inputResponses, key).kind !== 'missing')
      if (complete && context.mcpReq.requestState() === description) return say('state-ok')
      return inputRequired({ inputRequests: { ...requests }, requestState: await states.mint(description) })
    },
  }
}

export function questionsOf(states: RequestStateCodec): Readonly<Record<string, Tool>> {
  return {
    test_sampling: {
      description: 'Asks the model of the client.',
      inputSchema: strings('prompt'),
      run: async ({ prompt = '' }, context) =>
        heard(context, 'answer') ?? inputRequired({ inputRequests: { answer: sample(prompt) } }),
    },
    test_elicitation: {
      description: 'Asks the user.',
      inputSchema: strings('message'),
      run: async ({ message = '' }, context) =>
        heard(context, 'user') ?? inputRequired({ inputRequests: { user: ask(message, userForm) } }),
    },
    test_elicitation_sep1034_defaults: asking('Asks with defaults.', 'user', ask('Who are you?', defaultsForm)),
    test_elicitation_sep1330_enums: asking('Asks for choices.', 'user', ask('Which?', choicesForm)),
    test_streaming_elicitation: asking('Asks the user, whichever way it answers.', 'user', ask('Name?', nameForm)),
    test_missing_capability: asking('Needs sampling.', 'answer', sample('Anything?')),
    test_input_required_result_elicitation: {
      description: 'Asks for a name.',
      run: async (_, { mcpReq }) => {
        const name = acceptedContent(mcpReq.inputResponses, 'user_name')?.name
        if (typeof name === 'string') return say(`hello, ${name}`)
        return inputRequired({ inputRequests: { user_name: ask('What is your name?', nameForm) } })
      },
    },
    test_input_required_result_sampling: asking(
      'Asks for a capital.',
      'capital_question',
      sample('The capital of France?'),
    ),
    test_input_required_result_list_roots: asking('Asks for roots.', 'client_roots', inputRequired.listRoots()),
    test_input_required_result_request_state: remembering(states, 'Remembers.', { confirm: ask('Go on?', okForm) }),
    test_input_required_result_tampered_state: remembering(states, 'Sees tampering.', {
      confirm: ask('Go on?', okForm),
    }),
    test_input_required_result_multiple_inputs: remembering(states, 'Asks three things.', {
      user_name: ask('What is your name?', nameForm),
      greeting: sample('Greet somebody'),
      client_roots: inputRequired.listRoots(),
    }),
    test_input_required_result_multi_round: {
      description: 'Asks twice.',
      run: async (_, { mcpReq }) => {
        const step = mcpReq.requestState<number>() ?? 0
        const answered = inputResponse(mcpReq.inputResponses, `step${step}`).kind !== 'missing'
        if (answered && step === 2) return say('asked twice')
        const next = answered ? step + 1 : Math.max(step, 1)
        return inputRequired({
          inputRequests: { [`step${next}`]: ask(`Step ${next}`, nameForm) },
          requestState: await states.mint(next),
        })
      },
    },
    test_input_required_result_capabilities: {
      description: 'Asks what the client says that it can answer.',
      run: async (_, { mcpReq }) => {
        // the SDK's type of the envelope names none of its keys
        const envelope: Readonly<Record<string, ClientCapabilities>> = mcpReq.envelope ?? {}
        const { sampling, elicitation } = envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}
        return inputRequired({
          inputRequests: {
            ...(sampling === undefined ? {} : { sampled: sample('Anything?') }),
            ...(elicitation === undefined ? {} : { user: ask('Name?', nameForm) }),
          },
        })
      },
    },
  }
}

const userForm: Form = strings('username', 'email')

const defaultsForm: Form = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const options = ['option1', 'option2', 'option3']
const titled = [
  { const: 'value1', title: 'First' },
  { const: 'value2', title: 'Second' },
  { const: 'value3', title: 'Third' },
]

const choicesForm: Form = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  },
}
