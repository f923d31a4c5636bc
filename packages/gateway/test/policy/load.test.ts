import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadPolicies } from '../../src/policy/load.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'sallyport-policies-'))
})
afterEach(() => rm(dir, { recursive: true }))
const write = (file: string, text: string | Buffer) => writeFile(path.join(dir, file), text)

test('files by name, policies by place; what is no policy file is not read', async () => {
  await write('b.cedar', 'permit(principal, action, resource);')
  await write('a.cedar', 'permit(principal, action, resource);\n@id("second") forbid(principal, action, resource);')
  await write('readme.md', 'not Cedar')
  await mkdir(path.join(dir, 'c.cedar'))
  const { policies, problems } = await loadPolicies(dir)
  expect(problems).toEqual([])
  expect(policies.map(({ id, file, line }) => [id, file, line])).toEqual([
    ['a.cedar#0', 'a.cedar', 1],
    ['second', 'a.cedar', 2],
    ['b.cedar#0', 'b.cedar', 1],
  ])
})

test('a missing folder is a problem, an empty one is none', async () => {
  expect(await loadPolicies(path.join(dir, 'none'))).toMatchObject({
    problems: [{ message: expect.stringContaining('cannot be read') }],
  })
  expect(await loadPolicies(dir)).toEqual({ policies: [], problems: [] })
})

test('an id taken twice names the other place', async () => {
  await write('a.cedar', '@id("x") permit(principal, action, resource);')
  await write('b.cedar', '\n@id("x") forbid(principal, action, resource);')
  expect((await loadPolicies(dir)).problems).toMatchObject([
    { file: 'b.cedar', line: 2, column: 1, message: 'the id `x` is taken by a.cedar:1:1' },
  ])
})

test('problems of all files at once', async () => {
  await write('a.cedar', 'permit(')
  await write('b.cedar', Buffer.from([0xff, 0xfe, 0x00]))
  await write('c.cedar', ' '.repeat(1024 * 1024 + 1))
  expect((await loadPolicies(dir)).problems.map(({ file, message }) => [file, message])).toEqual([
    ['a.cedar', 'unexpected end of input'],
    ['b.cedar', 'the file is not UTF-8'],
    ['c.cedar', 'the file is longer than 1048576 bytes'],
  ])
})
