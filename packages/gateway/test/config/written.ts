import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConfig } from '../../src/config/index.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/types.ts'

/** Stands in every place where a secret could stand, and must be in no output. */
export const canary = 'canary-5up3r-s3cr3t-0123456789'

export interface Outcome {
  readonly config: Config | undefined
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export interface Written {
  readonly env?: Readonly<Record<string, string>>
  /** Beside the configuration: name to content. */
  readonly files?: Readonly<Record<string, string>>
  readonly modes?: Readonly<Record<string, number>>
}

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-config-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function load(yaml: string | Buffer, { env = {}, files = {}, modes = {} }: Written = {}): Promise<Outcome> {
  return inFolder(async (folder) => {
    for (const [name, content] of Object.entries({ 'sallyport.yaml': yaml, ...files })) {
      const file = path.join(folder, name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, content, { mode: 0o600 })
      if (modes[name] !== undefined) await chmod(file, modes[name])
    }
    const loaded = await loadConfig({ file: undefined, env, cwd: folder })
    return {
      config: 'config' in loaded ? loaded.config : undefined,
      problems: 'config' in loaded ? [] : loaded.problems.map(formatProblem),
      warnings: loaded.warnings.map(formatProblem),
    }
  })
}
