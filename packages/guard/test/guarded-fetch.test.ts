import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Server as RawServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createGuardedFetch, fetchFor, type GuardedFetchOptions, type UrlOrigin } from '../src/index.ts'
import { selfSigned } from './support/certificate.ts'

const open: RawServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) {
    if ('closeAllConnections' in server) (server as Server).closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen<T extends RawServer>(server: T): Promise<number> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createServer(listener))}`
const lookup = (...addresses: string[]) => ({
  lookup: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
})
const get = (url: string, origin: UrlOrigin = 'configured', options: Partial<GuardedFetchOptions> = {}) =>
  createGuardedFetch({ allow: [], timeoutMs: 1000, ...options })(url, { origin })

test('a request goes out with what was given, and the answer is a Response', async () => {
  const url = await serve((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      response.writeHead(201, { 'x-seen': 'yes', 'content-type': 'application/json' })
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
    })
  })
  const fetch = createGuardedFetch({ allow: [] })
  const headers = { 'X-Own': '1', host: 'evil.example', 'Transfer-Encoding': 'chunked', 'accept-encoding': 'gzip' }
  const response = await fetch(`${url}/a?b=c#d`, { method: 'POST', headers, body: 'héllo', origin: 'configured' })
  expect(response).toBeInstanceOf(Response)
  expect([response.status, response.headers.get('x-seen')]).toEqual([201, 'yes'])
  expect(await response.json()).toEqual({
    method: 'POST',
    url: '/a?b=c',
    headers: {
      'user-agent': 'sallyport-guard',
      'x-own': '1',
      host: new URL(url).host,
      connection: 'close',
      'accept-encoding': 'identity',
      'content-length': '6',
    },
    body: 'héllo',
  })
})

describe('threat 46: where a request may not go', () => {
  const literals = [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
  ]

  test.each(literals)('a client may not name the literal %s', async (literal) => {
    for (const origin of ['client', { namedBy: 'https://login.example.com' }] as const) {
      await expect(get(`https://${literal}/`, origin)).rejects.toMatchObject({ failure: 'blocked' })
    }
  })

  test.each([
    '169.254.169.254',
    '[::ffff:a9fe:a9fe]',
    '168.63.129.16',
    '0.0.0.0',
    '2852039166',
    '[fe80::1]',
    '[64:ff9b::a9fe:a9fe]',
  ])('nobody may name the literal %s', async (literal) => {
    for (const origin of ['configured', 'client', { namedBy: `https://${literal}` }] as const) {
      await expect(get(`https://${literal}/`, origin, { allow: ['0.0.0.0/0', '::/0'] })).rejects.toMatchObject({
        failure: 'blocked',
      })
    }
  })

  test('every address of a name is checked, not the first alone', async () => {
    for (const addresses of [
      ['10.0.0.1'],
      ['8.8.8.8', '10.0.0.1'],
      ['8.8.8.8', '::1'],
      ['8.8.8.8', '::ffff:127.0.0.1'],
    ]) {
      await expect(get('https://a.example/', 'client', lookup(...addresses))).rejects.toMatchObject({
        failure: 'blocked',
      })
    }
    const evil = lookup('8.8.8.8', '169.254.169.254')
    await expect(get('https://a.example/', 'configured', evil)).rejects.toMatchObject({ failure: 'blocked' })
    await expect(get('https://a.example/', 'client', lookup())).rejects.toMatchObject({ failure: 'unreachable' })
    await expect(get('https://a.example/', 'client', lookup('nonsense'))).rejects.toMatchObject({ failure: 'blocked' })
  })

  test('what metadata names: the same origin as configured, else public or allowed', async () => {
    const url = await serve((_request, response) => response.end('ok'))
    expect((await get(`${url}/keys`, { namedBy: `${url}/realm` })).status).toBe(200)
    await expect(get(`${url}/keys`, { namedBy: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ failure: 'blocked' })
    await expect(get('https://10.0.0.1:1/', { namedBy: 'https://10.0.0.1:2/' })).rejects.toMatchObject({
      failure: 'blocked',
    })
    const allowed = get('https://127.0.0.1:1/', { namedBy: 'https://a.example' }, { allow: ['127.0.0.0/8'] })
    await expect(allowed).rejects.toMatchObject({ failure: 'unreachable' })
  })

  test('http is for loopback, and for what the operator named', async () => {
    await expect(get('http://10.0.0.1/')).rejects.toMatchObject({ failure: 'blocked' })
    await expect(get('http://a.example/', 'configured', lookup('127.0.0.1', '10.0.0.1'))).rejects.toMatchObject({
      failure: 'blocked',
    })
    await expect(get('http://8.8.8.8/', 'client')).rejects.toMatchObject({ failure: 'blocked' })
  })

  test.each([
    'ftp://a.example/',
    'file:///etc/passwd',
    'data:,x',
    'javascript:1',
    'x',
    '',
    `https://a.example/${'a'.repeat(5000)}`,
  ])('the URL %.40s is refused', async (url) => {
    await expect(get(url)).rejects.toMatchObject({ failure: 'blocked' })
  })

  test('a URL with a password is refused, and the error does not repeat it', async () => {
    await expect(get('https://user:hunter2@a.example/')).rejects.toThrow(/^(?!.*hunter2)/)
    await expect(get('https://user:hunter2@a.example/')).rejects.toMatchObject({ failure: 'blocked' })
  })
})

test('threat 46: a name is resolved once, and the socket goes to the checked address', async () => {
  const url = await serve((request, response) => response.end(request.headers.host))
  let asked = 0
  const rebinding = async () => {
    asked += 1
    return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
  }
  const named = url.replace('127.0.0.1', 'rebinding.example')
  const response = await get(named, 'configured', { lookup: rebinding })
  expect(await response.text()).toBe(new URL(named).host)
  expect(asked).toBe(1)
})

test('threat 29: a redirect is an answer, and is not followed', async () => {
  const seen: string[] = []
  const url = await serve((request, response) => {
    seen.push(request.url ?? '')
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  const response = await get(url)
  expect([response.status, response.headers.get('location')]).toEqual([307, '/elsewhere'])
  expect(seen).toEqual(['/'])
})

describe('bounds', () => {
  test('bytes, with and without a length announced', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/exact') return void response.end('x'.repeat(1000))
      response.write('x'.repeat(900))
      response.end('x'.repeat(101))
    })
    expect((await (await get(`${url}/exact`, 'configured', { maxBytes: 1000 })).text()).length).toBe(1000)
    await expect(get(`${url}/exact`, 'configured', { maxBytes: 999 })).rejects.toMatchObject({ failure: 'too_large' })
    await expect(get(url, 'configured', { maxBytes: 1000 })).rejects.toMatchObject({ failure: 'too_large' })
  })

  test('an endless answer is cut off', async () => {
    const url = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1)
      response.on('close', () => clearInterval(timer))
    })
    await expect(get(url, 'configured', { timeoutMs: 5000 })).rejects.toMatchObject({ failure: 'too_large' })
  })

  test('time: of the answer, a body in drops, the connection, the name', async () => {
    const silent = await serve(() => {})
    const drops = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const never = { lookup: () => new Promise<never>(() => {}) }
    const quick = { timeoutMs: 100 }
    await expect(get(silent, 'configured', quick)).rejects.toMatchObject({ failure: 'timeout' })
    await expect(get(drops, 'configured', quick)).rejects.toMatchObject({ failure: 'timeout' })
    await expect(get('https://a.example/', 'client', { ...quick, ...never })).rejects.toMatchObject({
      failure: 'timeout',
    })
    const mute = await listen(createRawServer((socket) => void socket.on('error', () => {}).resume()))
    await expect(get(`https://127.0.0.1:${mute}/`, 'configured', quick)).rejects.toMatchObject({ failure: 'timeout' })
  })

  test('threat 91: an answer of a byte at a time', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200).flushHeaders()
      request.socket.write('1\r\nx\r\n'.repeat(20_000))
    })
    await expect(get(url)).rejects.toMatchObject({ failure: 'too_large' })
  })

  test("the caller's signal", async () => {
    const silent = await serve(() => {})
    const fetch = createGuardedFetch({ allow: [] })
    await expect(fetch(silent, { origin: 'configured', signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    )
    const controller = new AbortController()
    const answer = fetch(silent, { origin: 'configured', signal: controller.signal })
    setTimeout(() => controller.abort(new Error('later')), 30)
    await expect(answer).rejects.toThrow('later')
  })

  test.each([
    ['headers too large', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 'unreachable'],
    ['no HTTP', 'SSH-2.0-x\r\n\r\n', 'unreachable'],
    ['half an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'unreachable'],
    ['nothing', '', 'unreachable'],
    ['threat 93: gzip', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx', 'unacceptable'],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'unacceptable'],
    ['an odd status', 'HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n', 'unacceptable'],
  ])('%s is no answer', async (_, text, failure) => {
    const port = await listen(
      createRawServer((socket) => void socket.on('error', () => {}).once('data', () => socket.end(text))),
    )
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ failure })
  })

  test('a status without a body', async () => {
    const url = await serve((_request, response) => void response.writeHead(204).end())
    expect((await get(url)).body).toBeNull()
  })
})

describe('TLS', () => {
  test('the certificate is verified for the name, and the address is pinned as without', async () => {
    const { key, cert } = selfSigned('login.example.com')
    const port = await listen(
      createTlsServer({ key, cert }, (request, response) => response.end(`for ${request.headers.host}`)),
    )
    const options = { ca: cert, ...lookup('127.0.0.1') }
    const good = await get(`https://login.example.com:${port}/`, 'configured', options)
    expect(await good.text()).toBe(`for login.example.com:${port}`)
    await expect(get(`https://other.example.com:${port}/`, 'configured', options)).rejects.toThrow(/altname/i)
    await expect(get(`https://login.example.com:${port}/`, 'configured', lookup('127.0.0.1'))).rejects.toThrow(
      /self.signed/,
    )
    await expect(get(`https://login.example.com:${port}/`, 'client', options)).rejects.toMatchObject({
      failure: 'blocked',
    })
  })

  test('a literal address is verified as one', async () => {
    const { key, cert } = selfSigned('127.0.0.1')
    const port = await listen(createTlsServer({ key, cert }, (_request, response) => response.end('ok')))
    expect((await get(`https://127.0.0.1:${port}/`, 'configured', { ca: cert })).status).toBe(200)
    const named = { ca: cert, ...lookup('127.0.0.1') }
    await expect(get(`https://a.example:${port}/`, 'configured', named)).rejects.toThrow(/altname/i)
  })
})

test('the adapter is a fetch for one configured issuer', async () => {
  const url = await serve((request, response) => response.end(`${request.method} ${request.headers['content-type']}`))
  const fetch = fetchFor(createGuardedFetch({ allow: [] }), `${url}/issuer`)
  const body = new URLSearchParams({ a: 'b' })
  expect(await (await fetch(`${url}/token`, { method: 'POST', body })).text()).toBe(
    'POST application/x-www-form-urlencoded',
  )
  await expect(fetch('https://10.0.0.1/', {})).rejects.toMatchObject({ failure: 'blocked' })
})
