import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wordsOf } from '../../src/cli/words.ts'
import { openTerminal } from './rig.ts'

test('init: what it writes passes check at once, and nothing is overwritten', async () => {
  const terminal = await openTerminal()
  const mode = async (name: string): Promise<number> => (await stat(path.join(terminal.folder, name))).mode & 0o777
  const text = (name: string): Promise<string> => readFile(path.join(terminal.folder, name), 'utf8')

  expect(
    (
      await terminal.run([
        'init',
        'a',
        '--upstream',
        'everything=http://127.0.0.1:3001/mcp',
        '--upstream',
        "files=npx -y server '/srv/my docs'",
      ])
    ).code,
  ).toBe(0)
  expect((await terminal.run('check --config a/sallyport.yaml')).code).toBe(0)
  const secret = await text('a/keys/agent.secret')
  expect(secret).toMatch(/^[\w-]{43}\n$/)
  expect(await mode('a/keys/agent.secret')).toBe(0o600)
  expect(await mode('a/keys')).toBe(0o700)
  expect(terminal.transcript()).not.toContain(secret.trim())
  await expect(await text('a/sallyport.yaml')).toMatchFileSnapshot('golden/init-sallyport.yaml')
  await expect(await text('a/policies/starter.cedar')).toMatchFileSnapshot('golden/init-starter.cedar')

  expect((await terminal.run('init a')).code).toBe(1)
  expect(await text('a/keys/agent.secret')).toBe(secret)

  await terminal.write('b/.gitignore', 'node_modules/\n/keys/')
  expect((await terminal.run('init b --url https://mcp.example.com --json')).code).toBe(0)
  expect(await text('b/.gitignore')).toBe('node_modules/\n/keys/\n/data/\n/.sallyport/\n')
  expect((await terminal.run('check --config b/sallyport.yaml')).code).toBe(0)
  expect(await text('b/keys/agent.secret')).not.toBe(secret)

  expect((await terminal.run('init')).code).toBe(0)
  expect((await terminal.run('check')).code).toBe(0)

  await terminal.write('c/policies/starter.cedar', '')
  expect((await terminal.run('init c')).code).toBe(1)
  await expect(stat(path.join(terminal.folder, 'c/sallyport.yaml'))).rejects.toThrow('ENOENT')

  await expect(terminal.transcript()).toMatchFileSnapshot('golden/init.txt')
})

test('property: words come back from what quotes them', () => {
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(wordsOf(words.map(quote).join(' '))).toEqual(words)
    }),
  )
})

test.each([
  ['a b  c', ['a', 'b', 'c']],
  [' a ', ['a']],
  ['"a b" c', ['a b', 'c']],
  ['a\\ b "\\"" \'\\\'', ['a b', '"', '\\']],
  ["a'b'c ''", ['abc', '']],
  ['"a', undefined],
])('words of %s', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})
