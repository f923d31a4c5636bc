import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { type HostileUpstream, startHostileUpstream } from '../../src/demo/hostile-upstream.ts'
import { startProgram, stopProgram } from '../../src/demo/programs.ts'

const root = path.resolve(import.meta.dirname, '../../../..')
const stdioServer = path.join(root, 'packages/gateway/src/demo/hostile-stdio.ts')

export async function startSample(key: string): Promise<{ readonly url: string }> {
  const sample = startProgram({
    args: [path.join(root, 'examples/sample-server/server.ts'), '--port', '0'],
    env: { SAMPLE_API_KEY: key },
    cwd: root,
    readyOn: 'stdout',
    isReady: (line) => line.includes('"ready"'),
  })
  onTestFinished(async () => void (await sample.stop()))
  return JSON.parse(await sample.ready)
}

export function startStdio(file: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [stdioServer, '--record', file], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(async () => void (await stopProgram(child)))
  return { stdin: child.stdin, lines: createInterface({ input: child.stdout }) }
}

export async function startVendor(credential: string): Promise<HostileUpstream> {
  const vendor = await startHostileUpstream(credential)
  onTestFinished(() => vendor.close())
  return vendor
}
