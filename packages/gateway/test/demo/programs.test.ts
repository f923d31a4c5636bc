import { createServer } from 'node:net'
import os from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../src/demo/ports.ts'
import { type Program, startProgram } from '../../src/demo/programs.ts'

const forever = 'setInterval(() => {}, 1000);'

function start(script: string, lines: string[] = []): Program {
  const program = startProgram({
    args: ['-e', script],
    env: { GIVEN: 'given' },
    cwd: os.tmpdir(),
    readyOn: 'stdout',
    isReady: (line) => line.startsWith('ready'),
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  })
  onTestFinished(async () => void (await program.stop('SIGKILL')))
  return program
}

test('is ready when it says so, gets the environment that it is given, and is stopped', async () => {
  const lines: string[] = []
  const names = 'Object.keys(process.env).sort().join()'
  const program = start(`console.log('before'); console.log('ready ' + ${names}); ${forever}`, lines)
  expect(await program.ready).toBe('ready GIVEN,PATH')
  expect(lines).toEqual(['stdout before', 'stdout ready GIVEN,PATH'])
  expect(await program.stop()).toBe(null)
  expect(await program.ended).toBe(null)
  expect(program.child.signalCode).toBe('SIGTERM')
  expect(await program.stop()).toBe(null)
})

test('one that ends before it is ready says what it said last', async () => {
  const program = start(`console.error('the port is taken'); process.exitCode = 3`)
  await expect(program.ready).rejects.toThrow(/ended with 3 before it was ready\nthe port is taken$/)
  expect(await program.ended).toBe(3)
  expect(await program.stop()).toBe(3)
})

test('one that drains has its own exit code, and one may be stopped before it is ready', async () => {
  const polite = start(`process.on('SIGTERM', () => process.exit(7)); console.log('ready'); ${forever}`)
  await polite.ready
  expect(await polite.stop()).toBe(7)
  const early = start(forever)
  expect(await early.stop('SIGKILL')).toBe(null)
  await expect(early.ready).rejects.toThrow('before it was ready')
})

test('a program that cannot be started at all has ended', async () => {
  const program = startProgram({
    args: ['-e', ''],
    env: {},
    cwd: '/no/such/folder',
    readyOn: 'stdout',
    isReady: () => true,
  })
  await expect(program.ready).rejects.toThrow('ENOENT')
  expect(await program.ended).toBe(null)
  expect(await program.stop()).toBe(null)
})

test('a port that is wanted is taken where it is free, and another where it is not', async () => {
  const port = await freePort()
  expect(await freePort(port)).toBe(port)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  expect(await freePort(port)).not.toBe(port)
})
