import { type AddressInfo, createServer } from 'node:net'

/**
 * A port of 127.0.0.1 that was free a moment ago: for what must know its own address before it listens. Another one may
 * have it by then.
 * @param wanted is taken where it is free; 0 for any.
 */
export async function freePort(wanted = 0): Promise<number> {
  const found = (await tryPort(wanted)) ?? (await tryPort(0))
  if (found === undefined) throw new Error('no port of 127.0.0.1 is free')
  return found
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  const bound = await new Promise<number | undefined>((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  if (bound !== undefined) await new Promise((resolve) => server.close(resolve))
  return bound
}
