import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../../src/tools/public-address.ts'

describe('a public address', () => {
  test.each([
    '8.8.8.8',
    '93.184.215.14',
    '172.15.255.255',
    '172.32.0.0',
    '168.63.129.15',
    '168.63.129.17',
    '166.12.0.0',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1']],
    ['unique-local', ['fc00::1', 'fdff::1']],
    ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'fec0::1']],
    ['shared by a carrier', ['100.64.0.1', '100.127.255.255']],
    ['unspecified or broadcast', ['0.0.0.0', '0.1.2.3', '::', '255.255.255.255']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    ['reserved or for documents', ['192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '2001:db8::1', '4000::1']],
    [
      'IPv4 in IPv6',
      ['::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::808:808', '64:ff9b:1::808:808', '2002:808:808::', '2001::1', '::ffff:0:8.8.8.8'],
    ],
    [
      'inside a cloud',
      [
        '168.63.129.16',
        '161.26.0.10',
        '166.8.0.1',
        '166.11.255.255',
        '199.36.153.4',
        '199.36.153.11',
        '100.100.100.200',
        '192.0.0.192',
        'fd00:ec2::254',
      ],
    ],
    ['the end of a tunnel', ['2606:4700::5efe:a00:1', '2606:4700::200:5efe:a9fe:a9fe']],
    ['of one interface', ['2606:4700::1111%eth0']],
    ['an address at all', ['', 'localhost', '8.8.8.8.8', '8.8.8.8:80', '[::1]', '1e3']],
  ])('is not what is %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([])
  })

  test('is never one that hides an IPv4 address in its last 32 bits', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => !isPublicAddress(`::ffff:${ip}`) && !isPublicAddress(`::${ip}`) && !isPublicAddress(`64:ff9b::${ip}`)),
    )
  })

  test('is never in a private block, however it is written', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffff }), (rest) => !isPublicAddress(String(0x0a000000 + rest))))
  })
})
