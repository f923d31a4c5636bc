import { describe, expect, test } from 'vitest'
import { addressProblem, isLoopback, normalAddress, parseAddressRange } from '../src/address-policy.ts'

const reaches = ['configured', 'named', 'client'] as const
const may = (address: string, allow: string[] = []) =>
  reaches.filter((reach) => addressProblem(address, reach, allow.map(parseAddressRange)) === undefined)

test.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8'])(
  'everybody may name the public %s',
  (address) => {
    expect(may(address)).toEqual(['configured', 'named', 'client'])
  },
)

test.each([
  '127.0.0.1',
  '127.8.8.8',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '::ffff:10.0.0.1',
  '100.64.0.1',
  '198.18.0.1',
  '192.0.2.1',
  '203.0.113.1',
  '240.0.0.1',
  'fd00::1',
  'fc00::1',
  '2001:db8::1',
  '100::1',
  '4000::1',
  'fec0::1',
  '64:ff9b::8.8.8.8',
  '64:ff9b::10.0.0.1',
  '64:ff9b::7f00:1',
])('threat 46: only the operator may name %s', (address) => {
  expect(may(address)).toEqual(['configured'])
})

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:168.63.129.16',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fd00:ec2::254',
  'fd00:0ec2:0:0:0:0:0:0254',
  'fd20:ce::254',
  '64:ff9b::169.254.169.254',
  '64:ff9b::a83f:8110',
  '64:ff9b:1::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '2002:7f00:1::',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '::127.0.0.1',
  '::169.254.169.254',
  '::ffff:0:169.254.169.254',
  '0.0.0.0',
  '0.1.2.3',
  '::',
  '255.255.255.255',
  '224.0.0.1',
  'ff02::1',
  'not an address',
  '',
])('threat 46: nobody may name %j, allowed or not', (address) => {
  expect(may(address, ['0.0.0.0/0', '::/0'])).toEqual([])
})

describe('ranges that are allowed', () => {
  test('open to what metadata names, and to no client', () => {
    expect(may('10.1.2.3', ['10.0.0.0/8'])).toEqual(['configured', 'named'])
    expect(may('::ffff:10.1.2.3', ['10.0.0.0/8'])).toEqual(['configured', 'named'])
    expect(may('11.1.2.3', ['10.0.0.0/8'])).toEqual(['configured', 'named', 'client'])
    expect(may('192.168.0.1', ['10.0.0.0/8', '192.168.0.0/31'])).toEqual(['configured', 'named'])
    expect(may('192.168.0.2', ['10.0.0.0/8', '192.168.0.0/31'])).toEqual(['configured'])
    expect(may('fd12::1', ['fd12::/16'])).toEqual(['configured', 'named'])
    expect(may('fd13::1', ['fd12::/16', '10.0.0.0/8'])).toEqual(['configured'])
  })

  test.each([
    '10.0.0.0',
    '10/8',
    '012.0.0.0/8',
    '0xa.0.0.0/8',
    '10.0.0.0/33',
    'fd00::/129',
    'example.com',
    '',
    '10.0.0.0/-1',
  ])('%j is no range', (cidr) => {
    expect(() => parseAddressRange(cidr)).toThrow(TypeError)
  })
})

test('loopback, however written', () => {
  for (const address of ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1']) expect(isLoopback(address)).toBe(true)
  for (const address of ['128.0.0.1', '::2', '0.0.0.0', 'localhost', '']) expect(isLoopback(address)).toBe(false)
  expect(normalAddress('::ffff:127.0.0.1')).toBe('127.0.0.1')
  expect(normalAddress('x')).toBeUndefined()
})
