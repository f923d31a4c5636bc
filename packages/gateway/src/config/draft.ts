/**
 * What of a configuration can be judged although other parts of it are wrong, so that one run tells every mistake:
 * each setting, and each member of each item of a list, is parsed by itself.
 */
import type { z } from 'zod'
import type { Path } from './problem.ts'
import { type ClientInput, type ConfigInput, configSchema, type IssuerInput } from './schema.ts'
import type { UpstreamInput } from './schema-upstreams.ts'
import { valueAt } from './shape.ts'

/** Members that are wrong are undefined, and so are those that were left out and have no default. */
type Lenient<T> = { readonly [K in keyof T]: T[K] | undefined }

export interface Item<T> {
  readonly path: Path
  readonly value: Lenient<T>
  /** The keys that were written, right or wrong. */
  readonly given: ReadonlySet<string>
}

type Settings = Pick<ConfigInput, 'url' | 'listen' | 'ops' | 'store' | 'rootKey' | 'policies'>

export interface Draft {
  readonly settings: Lenient<Settings>
  /** Undefined where there is no embedded authorization server. */
  readonly clients: readonly Item<ClientInput>[] | undefined
  readonly issuers: readonly Item<IssuerInput>[]
  readonly upstreams: readonly Item<UpstreamInput>[]
  /** Every upstream name that was written, also malformed ones. */
  readonly names: readonly { readonly name: string; readonly path: Path }[]
}

export function draftOf(document: unknown): Draft {
  const { shape } = configSchema
  const clientSchema = shape.authorizationServer.unwrap().shape.clients.unwrap().element
  const upstreams = items(shape.upstreams.unwrap().element, document, ['upstreams'])
  return {
    settings: lenient(shape, document),
    clients:
      valueAt(document, ['authorizationServer']) === undefined
        ? undefined
        : items(clientSchema, document, ['authorizationServer', 'clients']),
    issuers: items(shape.issuers.unwrap().element, document, ['issuers']),
    upstreams,
    names: upstreams.flatMap((item) => {
      const path = [...item.path, 'name']
      const name = valueAt(document, path)
      return typeof name === 'string' ? [{ name, path }] : []
    }),
  }
}

function items<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
  document: unknown,
  list: Path,
): Item<z.output<z.ZodObject<S>>>[] {
  const written = valueAt(document, list)
  if (!Array.isArray(written)) return []
  return written.map((item: unknown, index) => ({
    path: [...list, index],
    value: lenient(schema.shape, item),
    given: new Set(Object.keys(Object(item))),
  }))
}

function lenient<S extends z.ZodRawShape>(shape: S, written: unknown): Lenient<z.output<z.ZodObject<S>>> {
  const members = Object.entries(shape).map(([key, schema]) => {
    const parsed = (schema as z.ZodType).safeParse(valueAt(written, [key]))
    return [key, parsed.data]
  })
  return Object.fromEntries(members) as Lenient<z.output<z.ZodObject<S>>>
}
