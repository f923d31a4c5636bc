import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { type HostileUpstream, startHostileUpstream } from '../../src/demo/hostile-upstream.ts'

const root = path.resolve(import.meta.dirname, '../../../..')
const stdioServer = path.join(root, 'packages/gateway/src/demo/hostile-stdio.ts')

export async function startSample(key: string): Promise<{ readonly url: string }> {
  const child = spawn(process.execPath, [path.join(root, 'examples/sample-server/server.ts'), '--port', '0'], {
    env: { SAMPLE_API_KEY: key },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endAfterTest(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return JSON.parse(line)
}

export function startStdio(file: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [stdioServer, '--record', file], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  endAfterTest(child)
  return { stdin: child.stdin, lines: createInterface({ input: child.stdout }) }
}

export async function startVendor(credential: string): Promise<HostileUpstream> {
  const vendor = await startHostileUpstream(credential)
  onTestFinished(() => vendor.close())
  return vendor
}

function endAfterTest(child: ChildProcess): void {
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
}
