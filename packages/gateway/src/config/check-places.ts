/** Files, folders and addresses of the configuration against each other. Reads symbolic links, and nothing else. */
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Draft } from './draft.ts'
import { parseAddress } from './network.ts'
import type { Report } from './problem.ts'
import { isLoopback } from './urls.ts'

/** Where a `sqlite:` or `file:` setting points, absolute. */
export function placeOf(setting: string, folder: string): string {
  return path.resolve(folder, setting.replace(/^(sqlite|file):/, ''))
}

/** Whoever copies the folder of the store, as a backup does, must not get the key with it. */
export async function checkRootKeyPlace(draft: Draft, folder: string, report: Report): Promise<void> {
  const { store, rootKey } = draft.settings
  if (store === undefined || rootKey === undefined) return
  const [storeFolder, keyFolder] = await Promise.all(
    [store, rootKey].map((setting) => resolved(path.dirname(placeOf(setting, folder)))),
  )
  if (storeFolder !== keyFolder) return
  report(['rootKey'], {
    message: 'lies in the folder of the store, so a copy of that folder opens every secret',
    help: 'move the key to a folder of its own, such as `file:./keys/root.key`',
  })
}

/** The real path of a folder, of which the last parts may not exist yet. */
async function resolved(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch {
    const parent = path.dirname(folder)
    return parent === folder ? folder : path.join(await resolved(parent), path.basename(folder))
  }
}

export function checkAddresses(draft: Draft, report: Report, warn: Report): void {
  const listen = parseAddress(draft.settings.listen ?? '')
  const ops = parseAddress(draft.settings.ops ?? '')
  if (listen !== undefined && ops !== undefined && listen.port === ops.port && listen.port !== 0) {
    report(['ops'], { message: 'has the port of `listen`', help: 'give the two different ports' })
  }
  if (listen !== undefined && !isLoopback(listen.host)) {
    warn(['listen'], {
      message:
        'takes plain http from other machines, so tokens cross the network in the clear unless TLS ends before it',
      help: 'listen on 127.0.0.1 behind whatever terminates TLS on this machine',
    })
  }
}
