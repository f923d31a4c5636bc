import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/secrets/secret.ts'
import { later } from './serve.ts'
import { resultOf, script, start, tool } from './stdio-rig.ts'
import { bench, inboundToken, session, stdioUpstream, upstreamSecret } from './support.ts'

describe('threat 32: what a child is given', () => {
  test('an environment of the allow-list, the configuration and its credential', async () => {
    const env = { MODE: 'read' }
    const digest = createHash('sha256').update(upstreamSecret).digest('hex')
    const { send } = start(
      'modern',
      '',
      { env },
      { SALLYPORT_ROOT_KEY: 'k', NODE_OPTIONS: '--inspect', TMPDIR: '/tmp', AWS_SECRET: 's' },
    )
    const { environment, argv } = resultOf(await send(tool('environment')))
    expect(environment).toEqual({
      PATH: process.env['PATH'],
      HOME: '/nowhere',
      TMPDIR: '/tmp',
      MODE: 'read',
      API_KEY: digest,
    })
    expect(argv).toEqual(['modern', ''])
  })

  test('no descriptor but its three pipes and its own', async () => {
    const { send } = start('modern')
    const { descriptors } = resultOf(await send(tool('descriptors'))) as { descriptors: string[] }
    const foreign = descriptors.filter(
      (fd) => !/^[012] (socket|pipe):|anon_inode|gone|\/proc\/|\/dev\/null|pipe:/.test(fd),
    )
    expect(foreign).toEqual([])
    expect(descriptors.filter((fd) => fd.includes('socket:')).map((fd) => fd.split(' ')[0])).toEqual(['0', '1', '2'])
  })

  test('arguments reach the program as they are: there is no shell', async () => {
    const trace = path.join(tmpdir(), `sallyport-was-here-${process.pid}`)
    const hostile = `$(touch ${trace}); \`id\` && echo`
    const { send } = start('modern', hostile)
    expect(resultOf(await send(tool('environment'))).argv).toEqual(['modern', hostile])
    expect(existsSync(trace)).toBe(false)
  })
})

describe('leaks', () => {
  test('threat 26: a line with the inbound token is not written', async () => {
    const { send } = start('modern')
    const args = { text: Buffer.from(`..${inboundToken}`).toString('base64') }
    const answer = await send(tool('', { params: { name: 'other', arguments: args }, arguments: args }))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_outgoing' }, sent: false })
    const own = session({ sent: new Map() })
    const pending = send(tool('silent', { era: 'modern' }))
    expect(JSON.stringify(resultOf(await send(tool('seen'))))).not.toContain(inboundToken.slice(0, 24))
    later(() => pending)
    expect(own.sent.size).toBe(0)
  })

  test('threat 30: an answer with the credential of the child is blocked', async () => {
    const { send } = start('modern')
    const answer = await send(tool('leak'))
    expect(answer).toMatchObject({ kind: 'refused', refusal: { reason: 'leak_incoming' }, sent: true })
    expect(JSON.stringify(answer)).not.toContain(upstreamSecret)
  })

  test('threat 33: standard error reaches the log without the credential and without escapes', async () => {
    const { send, log } = start('modern', 'stderr')
    await send(tool('pid'))
    await expect.poll(() => log.join('\n')).toContain('plain line')
    expect(log.join('\n')).toContain('[a line that held the credential]')
    expect(log.join('\n')).not.toContain(upstreamSecret)
    expect(log.join('\n')).not.toMatch(/\\u001b|\p{Cc}[[]/u)
  })
})

test('two upstreams with the same secret are both refused', async () => {
  const secret = (reference: string) =>
    ({ type: 'env', variables: { API_KEY: new Secret(upstreamSecret, reference) } }) as const
  const made = bench([
    stdioUpstream(script),
    stdioUpstream(script, { name: 'other', credentials: secret('file:other') }),
  ])
  await expect(made.send(tool('pid'))).rejects.toThrow(/another upstream/)
  await expect(made.send(tool('pid', { upstream: 'other' }))).rejects.toThrow(/another upstream/)
})
