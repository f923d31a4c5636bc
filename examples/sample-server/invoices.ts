/** An MCP server for invoices: what it offers, apart from how it is reached. */
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'

interface Invoice {
  readonly id: string
  readonly customer: string
  readonly amount: number
  readonly currency: 'EUR' | 'USD' | 'CHF'
  status: 'open' | 'paid'
}

const invoices = new Map<string, Invoice>(
  (
    [
      { id: 'INV-1001', customer: 'Larkspur Bakery', amount: 184.5, currency: 'EUR', status: 'open' },
      { id: 'INV-1002', customer: 'Harbour Lights', amount: 2400, currency: 'USD', status: 'open' },
      { id: 'INV-1003', customer: 'Larkspur Bakery', amount: 96, currency: 'EUR', status: 'paid' },
    ] satisfies Invoice[]
  ).map((invoice) => [invoice.id, { ...invoice }]),
)

const id = { type: 'string', description: 'Number of an invoice', pattern: '^INV-[0-9]{4}$' } as const
const currency = { type: 'string', enum: ['EUR', 'USD', 'CHF'], description: 'ISO 4217 code' } as const
const reads = { readOnlyHint: true, openWorldHint: false } as const

/** One instance serves one request, so it keeps no state of its own. */
export function createInvoiceServer(): McpServer {
  const server = new McpServer({ name: 'sallyport-sample', version: '0.0.0' })

  server.registerTool(
    'list_invoices',
    {
      title: 'List invoices',
      description: 'Lists invoices, all or those of one status.',
      inputSchema: fromJsonSchema<{ status?: 'open' | 'paid' }>({
        type: 'object',
        properties: { status: { type: 'string', enum: ['open', 'paid'] } },
        additionalProperties: false,
      }),
      annotations: reads,
    },
    async ({ status }) =>
      json([...invoices.values()].filter((invoice) => status === undefined || invoice.status === status)),
  )

  server.registerTool(
    'get_invoice',
    {
      title: 'Get an invoice',
      description: 'Returns one invoice by its number.',
      inputSchema: fromJsonSchema<{ id: string }>({
        type: 'object',
        properties: { id },
        required: ['id'],
        additionalProperties: false,
      }),
      annotations: reads,
    },
    async ({ id }) => json(invoices.get(id) ?? `there is no invoice ${id}`, !invoices.has(id)),
  )

  server.registerTool(
    'pay_invoice',
    {
      title: 'Pay an invoice',
      description: 'Pays an open invoice in full. The amount and currency must be those of the invoice.',
      inputSchema: fromJsonSchema<{ id: string; amount: number; currency: Invoice['currency'] }>({
        type: 'object',
        properties: { id, amount: { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000 }, currency },
        required: ['id', 'amount', 'currency'],
        additionalProperties: false,
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ id, amount, currency }) => {
      const invoice = invoices.get(id)
      if (invoice === undefined) return json(`there is no invoice ${id}`, true)
      if (invoice.amount !== amount || invoice.currency !== currency) {
        return json(`${id} is over ${invoice.amount} ${invoice.currency}`, true)
      }
      invoice.status = 'paid'
      return json(invoice)
    },
  )

  server.registerTool(
    'echo',
    {
      title: 'Echo',
      description: 'Returns the text that it was given.',
      inputSchema: fromJsonSchema<{ text: string }>({
        type: 'object',
        properties: { text: { type: 'string', maxLength: 10_000 } },
        required: ['text'],
        additionalProperties: false,
      }),
      annotations: reads,
    },
    async ({ text }) => ({ content: [{ type: 'text', text }] }),
  )

  server.registerTool(
    'summarize_invoices',
    {
      title: 'Summarize invoices',
      description: 'Adds up the open invoices one by one, and reports its progress.',
      inputSchema: fromJsonSchema<Record<string, never>>({
        type: 'object',
        properties: {},
        additionalProperties: false,
      }),
      annotations: reads,
    },
    async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      const totals: Record<string, number> = {}
      let progress = 0
      for (const invoice of invoices.values()) {
        if (invoice.status === 'open') totals[invoice.currency] = (totals[invoice.currency] ?? 0) + invoice.amount
        progress += 1
        if (progressToken === undefined) continue
        const params = { progressToken, progress, total: invoices.size, message: invoice.id }
        await mcpReq.notify({ method: 'notifications/progress', params })
      }
      return json(totals)
    },
  )

  server.registerResource(
    'terms',
    'invoices://terms',
    { title: 'Terms of payment', mimeType: 'text/plain' },
    async (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'Invoices are due within 30 days.' }],
    }),
  )

  server.registerPrompt(
    'remind',
    {
      title: 'Remind a customer',
      description: 'Asks for a friendly reminder of an open invoice.',
      argsSchema: fromJsonSchema<{ id: string }>({ type: 'object', properties: { id }, required: ['id'] }),
    },
    async ({ id }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Write a friendly reminder for invoice ${id}.` } }],
    }),
  )

  return server
}

function json(value: unknown, isError = false) {
  return {
    content: [{ type: 'text' as const, text: typeof value === 'string' ? value : JSON.stringify(value) }],
    isError,
  }
}
