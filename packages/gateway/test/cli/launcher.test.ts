import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../../../bin', import.meta.url))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-launcher-'))
  await cp(bin, path.join(folder, 'bin'), { recursive: true })
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function launch(file: string): { readonly status: number | null; readonly stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [file, 'check', '--json'], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout }
}

test('in a checkout the launcher hands everything to the bootstrap, also through a link', async () => {
  await writeFile(
    path.join(folder, 'bootstrap.mjs'),
    'console.log(process.argv.slice(2).join(" ")); process.exitCode = 7\n',
  )
  const expected = { status: 7, stdout: 'packages/gateway/src/cli/main.ts check --json\n' }
  expect(launch(path.join(folder, 'bin/sallyport'))).toEqual(expected)
  await symlink(path.join(folder, 'bin/sallyport'), path.join(folder, 'link'))
  expect(launch(path.join(folder, 'link'))).toEqual(expected)
})

test('published, it runs the bundle', async () => {
  await mkdir(path.join(folder, 'dist'))
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(
    path.join(folder, 'dist/main.js'),
    'console.log(process.argv.slice(2).join(" ")); process.exitCode = 3; export {}\n',
  )
  expect(launch(path.join(folder, 'bin/sallyport'))).toEqual({ status: 3, stdout: 'check --json\n' })
})
