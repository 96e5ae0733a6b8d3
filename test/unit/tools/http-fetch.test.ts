import { describe, expect, test } from 'vitest'
import { httpFetchTool } from '../../../src/tools/http-fetch.ts'
import { fetchWith, localServer } from './local-server.ts'

describe('the fetch tool', () => {
  test('reads a text from a host of its list', async () => {
    await using server = await localServer((_, response) => {
      response.setHeader('content-type', 'application/json; charset=utf-8').end('{"fare":"é"}')
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, `${origin}/v1?from=ZRH`)).toEqual({
      status: 200,
      contentType: 'application/json',
      text: '{"fare":"é"}',
    })
    expect(server.seen).toEqual([`GET fares.test:${server.port} /v1?from=ZRH`])
  })

  test('reads the charset that the server names', async () => {
    await using server = await localServer((_, response) => {
      response.setHeader('content-type', 'text/plain; charset="iso-8859-1"').end(Buffer.from([0xe9]))
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, origin)).toMatchObject({ text: 'é' })
  })

  test('hands a 404 to the model as a result', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such fare')
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, origin)).toEqual({ status: 404, contentType: 'text/plain', text: 'no such fare' })
  })

  test('hands an answer without content to the model as an empty text', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(204).end()
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, origin)).toEqual({ status: 204, contentType: '', text: '' })
  })

  test.each([429, 500, 503])('calls status %i a failure that may be tried again', async (status) => {
    await using server = await localServer((_, response) => {
      response.writeHead(status).end()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toMatchObject({ name: 'ToolFailure', retryable: true })
  })

  test('calls a refused connection a failure that may be tried again', async () => {
    const { port } = await unusedPort()
    const origin = `http://fares.test:${port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toMatchObject({ name: 'ToolFailure', retryable: true })
  })

  test('calls a connection that breaks within the answer a failure that may be tried again', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000' })
      response.write('the first part', () => response.destroy())
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin] }, origin)).rejects.toMatchObject({ name: 'ToolFailure', retryable: true })
  })

  test('does not repeat a name that nobody knows', async () => {
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND fares.test'), { code: 'ENOTFOUND' })
    const failing = fetchWith({ allow: ['fares.test'], resolve: () => Promise.reject(unknown) }, 'https://fares.test')
    await expect(failing).rejects.toMatchObject({ name: 'ToolFailure', retryable: false, cause: unknown })
  })

  test('follows redirects within its list', async () => {
    await using server = await localServer((request, response) => {
      if (request.url === '/old') response.writeHead(301, { location: '/new' }).end()
      else response.setHeader('content-type', 'text/plain').end('moved')
    })
    const origin = `http://fares.test:${server.port}`
    expect(await fetchWith({ allow: [origin] }, `${origin}/old`)).toMatchObject({ status: 200, text: 'moved' })
    expect(server.seen).toHaveLength(2)
  })

  test('gives up after so many redirects', async () => {
    await using server = await localServer((_, response) => {
      response.writeHead(302, { location: '/again' }).end()
    })
    const origin = `http://fares.test:${server.port}`
    await expect(fetchWith({ allow: [origin], maxRedirects: 2 }, origin)).rejects.toThrow('more than 2 redirects')
    expect(server.seen).toHaveLength(3)
  })

  test('takes limits that are integers only', () => {
    expect(() => httpFetchTool({ allow: ['fares.test'], maxRedirects: NaN })).toThrow('maxRedirects has to be an integer')
    expect(() => httpFetchTool({ allow: ['fares.test'], maxBytes: 1.5 })).toThrow('maxBytes has to be an integer')
    expect(() => httpFetchTool({ allow: ['fares.test'], timeoutMs: 0 })).toThrow('timeoutMs has to be an integer')
  })
})

const unusedPort = async (): Promise<{ port: number }> => {
  await using server = await localServer(() => undefined)
  return { port: server.port }
}
