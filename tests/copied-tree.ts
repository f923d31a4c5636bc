import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)

export interface CopiedTree {
  readonly folder: string
  /** Runs a tool of this checkout, by its file, in the copy. */
  run(tool: string, args: readonly string[]): SpawnSyncReturns<string>
  remove(): void
}

/** A copy of the packages in which a test may break things: with the dependencies installed here, and ours its own. */
export function copyTree(others: readonly string[]): CopiedTree {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sallyport-tree-'))
  const link = (name: string): void => {
    if (existsSync(path.join(root, name))) symlinkSync(path.join(root, name), path.join(folder, name))
  }
  for (const name of ['package.json', ...others])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  mkdirSync(path.join(folder, 'node_modules/@sallyport'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'packages'))) {
    for (const part of ['src', 'package.json']) {
      cpSync(path.join(root, 'packages', name, part), path.join(folder, 'packages', name, part), { recursive: true })
    }
    link(`packages/${name}/node_modules`)
  }
  symlinkSync('../../packages/guard', path.join(folder, 'node_modules/@sallyport/guard'))
  const ours = new Set(['@sallyport', 'sallyport'])
  for (const name of readdirSync(path.join(root, 'node_modules'))) if (!ours.has(name)) link(`node_modules/${name}`)
  return {
    folder,
    run: (tool, args) =>
      spawnSync(process.execPath, [path.join(root, tool), ...args], {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        timeout: 60_000,
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
