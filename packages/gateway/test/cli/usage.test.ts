import { expect, test } from 'vitest'
import type { Io } from '../../src/cli/command.ts'
import { CommandFailed } from '../../src/cli/command.ts'
import { registry } from '../../src/cli/registry.ts'
import { type Registry, run } from '../../src/cli/run.ts'
import { canary, openConfigured, openTerminal } from './rig.ts'

const own = ['check', 'init', 'explain', 'token', 'pin', 'audit'] as const

test('the commands', () => {
  expect(Object.keys(registry)).toEqual(['serve', 'demo', ...own])
})

test('help of every command, and of all', async () => {
  const terminal = await openTerminal()
  for (const name of own) {
    expect((await terminal.run(`${name} --help`)).code).toBe(0)
  }
  expect((await terminal.run('help check')).code).toBe(0)
  expect((await terminal.run('check --bad -h')).code).toBe(0)
  await expect(terminal.transcript()).toMatchFileSnapshot('golden/help.txt')
})

test('the overview: on standard output when asked for, else on standard error with exit code 2', async () => {
  const command = { summary: 'do it', usage: ['it'], options: {}, optionHelp: {}, run: async () => 0 }
  const small: Registry = { it: async () => ({ command }) }
  const printed = async (...argv: string[]): Promise<readonly unknown[]> => {
    let [stdout, stderr] = ['', '']
    const io = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    }
    return [await run(argv, io as Io, small), stdout, stderr]
  }
  const text =
    'Usage: sallyport COMMAND [OPTION ...]\n\nCommands:\n  it       do it\n\n`sallyport COMMAND --help` tells more.\n'
  expect(await printed('--help')).toEqual([0, text, ''])
  expect(await printed('help')).toEqual([0, text, ''])
  expect(await printed()).toEqual([2, '', text])
})

test('mistakes on the command line are told with a remedy, and quote no value', async () => {
  const terminal = await openConfigured()
  for (const line of [
    'chek',
    'constructor',
    `--config ${canary}`,
    'check --confg x',
    `check --token=${canary}`,
    'check --json=yes',
    'check --config',
    `check ${canary}`,
    'explain',
    'explain a b',
    'explain vendr',
    'token',
    'token --upstream nothing',
    'token --upstream vendor --client agnt',
    'pin',
    'pin acept vendor tool',
    'pin accept vendor',
    'pin accept vendor tool xyz',
    'pin list vendr',
    'audit',
    'audit tial',
    'audit tail --lines 0',
    'audit tail --lines many',
    'init a b',
    `init --url https://u:${canary}@h`,
    'init --upstream files',
    'init --upstream Files=prog',
    `init --upstream a=https://h.example/?token=${canary}`,
    'init --upstream a=http://h.example/mcp',
    ['init', '--upstream', `a=prog --api-key=${canary}`],
    ['init', '--upstream', "a=prog 'x"],
  ]) {
    const { code, stdout, stderr } = await terminal.run(line)
    expect([1, 2]).toContain(code)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^sallyport: .+\n$/)
  }
  const transcript = terminal.transcript()
  await expect(transcript.replace(/^\$.*$/gm, (line) => line.replaceAll(canary, 'CANARY'))).toMatchFileSnapshot(
    'golden/usage.txt',
  )
  expect(transcript.replace(/^\$.*$/gm, '')).not.toContain(canary)
})

test('a command that throws ends with 70, one that fails with its own code', async () => {
  const failing = (error: Error): Registry => ({
    it: async () => ({
      command: { summary: '', usage: [], options: {}, optionHelp: {}, run: () => Promise.reject(error) },
    }),
  })
  let stderr = ''
  const io = { stderr: { write: (text: string) => (stderr += text) } }
  expect(await run(['it'], io as Io, failing(new Error('odd')))).toBe(70)
  expect(await run(['it'], io as Io, failing(new CommandFailed(3, 'away; come back')))).toBe(3)
  expect(stderr).toBe(
    [
      'sallyport: internal error: odd; this is a fault of Sallyport, please report it',
      'sallyport: away; come back',
      '',
    ].join('\n'),
  )
})
