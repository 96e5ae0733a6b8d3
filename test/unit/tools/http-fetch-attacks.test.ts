import { createServer, type AddressInfo, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { httpFetchTool, type HttpFetchOptions } from '../../../src/tools/http-fetch.ts'
import { isPublicAddress } from '../../../src/tools/public-address.ts'
import { contextWith, fetchWith, localServer } from './local-server.ts'

/** The tool as it is delivered: only addresses of the public internet. */
const strict = (options: HttpFetchOptions): HttpFetchOptions => ({ addressAllowed: isPublicAddress, ...options })

describe('the fetch tool, under attack', () => {
  test.each([
    ['dotted', 'http://127.0.0.1'],
    ['short', 'http://127.1'],
    ['decimal', 'http://2130706433'],
    ['octal', 'http://0177.0.0.1'],
    ['hexadecimal', 'http://0x7f.0x0.0x0.0x1'],
    ['full-width', 'http://１２７.0.0.1'],
    ['the unspecified', 'http://0.0.0.0'],
    ['a private', 'http://10.0.0.8'],
    ['the metadata', 'http://169.254.169.254'],
    ['an IPv6 loopback', 'http://[::1]'],
    ['an IPv4-mapped IPv6', 'http://[::ffff:127.0.0.1]'],
    ['an IPv4-compatible IPv6', 'http://[::127.0.0.1]'],
    ['a NAT64', 'http://[64:ff9b::127.0.0.1]'],
    ['a unique-local', 'http://[fd00::1]'],
    ['a link-local', 'http://[fe80::1]'],
  ])('refuses %s address even where the list names it', async (_, origin) => {
    await using server = await localServer((_request, response) => response.end('secret'))
    const url = `${origin}:${server.port}`
    await expect(fetchWith(strict({ allow: [url] }), url)).rejects.toThrow('is not a host of the public internet')
    expect(server.seen).toEqual([])
  })

  test('refuses a name that leads home, without any option', async () => {
    await using server = await localServer((_, response) => response.end('secret'))
    const url = `http://localhost:${server.port}`
    const tool = httpFetchTool({ allow: [url] })
    await expect(tool.execute({ url }, contextWith(new AbortController().signal))).rejects.toThrow('refused: localhost is not a host')
    expect(server.seen).toEqual([])
  })

  test.each([
    ['only a private address', ['10.0.0.8']],
    ['a private address beside a public one', ['93.184.215.14', '127.0.0.1']],
    ['a private IPv6 address beside a public one', ['2606:4700::1111', '::1']],
    ['what is no address', ['93.184.215.14', 'localhost']],
  ])('refuses a name with %s', async (_, addresses) => {
    const attack = fetchWith(strict({ allow: ['fares.test'], resolve: () => Promise.resolve(addresses) }), 'https://fares.test/')
    await expect(attack).rejects.toThrow('refused: fares.test is not a host of the public internet')
  })

  test('refuses a name without an address', async () => {
    const attack = fetchWith({ allow: ['fares.test'], resolve: () => Promise.resolve([]) }, 'https://fares.test/')
    await expect(attack).rejects.toThrow('fares.test has no address')
  })

  test('connects to the very address that was checked, and asks for it once', async () => {
    let reached: string | undefined
    await using server = await localServer((request, response) => {
      reached = request.socket.localAddress
      response.setHeader('content-type', 'text/plain').end()
    })
    const answers = [['127.0.0.3'], ['127.0.0.4']]
    const asked: string[] = []
    const origin = `http://rebinding.test:${server.port}`
    const resolve = (host: string) => {
      asked.push(host)
      return Promise.resolve(answers.shift() ?? [])
    }
    await fetchWith({ allow: [origin], resolve }, origin)
    expect({ reached, asked }).toEqual({ reached: '127.0.0.3', asked: ['rebinding.test'] })
  })

  test('speaks TLS where the URL says https', async () => {
    await using server = await localServer((_, response) => response.end('plain'))
    const origin = `https://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toThrow(/SSL routines/)
    expect(server.seen).toEqual([])
  })

  test('refuses a redirect to a host that is not on the list', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(302, { location: `http://other.test:${server.port}/` }).end()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toThrow(/refused: http:\/\/other.test.* is not on the list/)
    expect(server.seen).toEqual([`GET fares.test:${server.port} /`])
  })

  test('refuses a redirect into a private network', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(307, { location: `http://inside.test:${server.port}/` }).end()
    })
    const outside = `http://fares.test:${server.port}`
    const inside = `http://inside.test:${server.port}`
    const resolve = (host: string) => Promise.resolve([host === 'inside.test' ? '127.9.9.9' : '127.0.0.1'])
    const attack = fetchWith({ allow: [outside, inside], resolve, addressAllowed: (address) => address === '127.0.0.1' }, outside)
    await expect(attack).rejects.toThrow('refused: inside.test is not a host of the public internet')
    expect(server.seen).toEqual([`GET fares.test:${server.port} /`])
  })

  test('refuses a redirect to another scheme, or with credentials', async () => {
    await using server = await localServer(({ url }, response) => {
      response.writeHead(302, { location: url === '/file' ? 'file:///etc/passwd' : `http://me:you@fares.test:${server.port}/` }).end()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, `${origin}/file`)).rejects.toThrow('expected http or https, found file:')
    await expect(fetchWith({ allow: [origin] }, `${origin}/user`)).rejects.toThrow('must not carry a user name')
  })

  test.each(['file:///etc/passwd', 'ftp://fares.test/', 'data:text/plain,x', 'gopher://fares.test/', 'javascript:1'])(
    'refuses %s',
    async (url) => {
      await expect(fetchWith({ allow: ['fares.test'] }, url)).rejects.toThrow('refused: expected http or https')
    },
  )

  test.each(['https://me:secret@fares.test/', 'https://me@fares.test/'])('refuses the credentials in %s', async (url) => {
    await expect(fetchWith({ allow: ['fares.test'] }, url)).rejects.toThrow('must not carry a user name or password')
  })

  test('stops an endless answer at its limit', async () => {
    await using server = await localServer((_, response) => {
      response.setHeader('content-type', 'text/plain')
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      }
      response.on('drain', more)
      more()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin], maxBytes: 100_000 }, origin)).rejects.toThrow('larger than 100000 bytes')
  })

  test('takes an answer of exactly its limit', async () => {
    await using server = await localServer((_, response) => response.setHeader('content-type', 'text/plain').end('x'.repeat(100)))
    const origin = `http://fares.test:${server.port}`
    expect((await fetchWith({ allow: [origin], maxBytes: 100 }, origin)).text).toHaveLength(100)
    await expect(fetchWith({ allow: [origin], maxBytes: 99 }, origin)).rejects.toThrow('larger than 99 bytes')
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('stops a %s bomb at its limit', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(20_000_000, 'x'))
    expect(bomb.byteLength).toBeLessThan(50_000)
    await using server = await localServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding }).end(bomb)
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin], maxBytes: 100_000 }, origin)).rejects.toThrow('larger than 100000 bytes')
  })

  test('counts compressed bytes too, which may unpack to nothing for ever', async () => {
    const nothing = gzipSync('')
    await using server = await localServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
      const more = (): void => {
        while (!response.destroyed && response.write(nothing));
      }
      response.on('drain', more)
      more()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin], maxBytes: 10_000 }, origin)).rejects.toThrow('larger than 10000 bytes')
  })

  test('unpacks an honest answer', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync('<p>fares</p>'))
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, origin)).toMatchObject({ text: '<p>fares</p>' })
  })

  test.each([
    ['image/png', undefined, 'expected a text, found image/png'],
    ['application/octet-stream', undefined, 'expected a text, found application/octet-stream'],
    [undefined, undefined, 'expected a text, found no content type'],
    ['text/plain; charset=klingon', undefined, 'unknown charset, klingon'],
    ['text/plain', 'compress', 'no compression, found compress'],
    ['text/plain', 'gzip, gzip', 'no compression, found gzip, gzip'],
  ])('refuses the content type %s with encoding %s', async (type, encoding, message) => {
    await using server = await localServer((_, response) => {
      if (type !== undefined) response.setHeader('content-type', type)
      if (encoding !== undefined) response.setHeader('content-encoding', encoding)
      response.end('x')
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toThrow(message)
  })

  test('ends the connection to a server that never finishes when its time is over', async () => {
    const time = new AbortController()
    const closed = Promise.withResolvers<undefined>()
    await using server = await localServer((request, response) => {
      request.socket.on('close', () => closed.resolve(undefined))
      response.setHeader('content-type', 'text/plain').write('a first byte', () => time.abort())
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin, time.signal)).rejects.toMatchObject({ name: 'ToolFailure', retryable: true })
    await closed.promise
  })

  test('does not wait for a resolver that never answers when its time is over', async () => {
    const time = new AbortController()
    const resolve = (): Promise<readonly string[]> => {
      queueMicrotask(() => time.abort())
      return new Promise(() => undefined)
    }
    await expect(fetchWith({ allow: ['fares.test'], resolve }, 'https://fares.test', time.signal)).rejects.toMatchObject({
      retryable: true,
    })
  })

  test('survives a server that speaks no HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const origin = `http://fares.test:${(server.address() as AddressInfo).port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toThrow(/Parse Error/)
    server.close()
  })

  test.each([
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      /another protocol \(101\)/,
    ],
    [
      'changes the protocol without saying to what',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      /another protocol|without an answer|Parse Error/,
    ],
    ['hangs up at once', '', /socket hang up/],
    ['hangs up in its headers', 'HTTP/1.1 200 OK\r\ncontent-type: text/', /socket hang up|Parse Error/],
    ['announces its answer for ever', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(1_000), /more than 10 times/],
    ['hints, then hangs up', 'HTTP/1.1 100 Continue\r\n\r\n', /socket hang up/],
    ['has endless headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`, /Header overflow|Parse Error/],
    [
      'has endless trailers',
      `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${'x: y\r\n'.repeat(100_000)}`,
      /overflow|Parse Error|aborted|premature|terminated/i,
    ],
    ['has two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nxx', /Parse Error/],
  ])('comes to an end with a server that %s', async (_, bytes, message) => {
    const held: Socket[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      held.push(socket)
      // What is said and no more; one that hangs up does so.
      if (bytes === '' || /text\/$|Continue/.test(bytes.trimEnd())) socket.end(bytes)
      else socket.write(bytes)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const origin = `http://fares.test:${(server.address() as AddressInfo).port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toThrow(message)
    for (const socket of held) socket.destroy()
    server.close()
  })
})
