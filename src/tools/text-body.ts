import { ToolFailure } from './tool.ts'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

const TEXT_TYPE = /^(text\/.+|application\/((.+\+)?(json|xml|yaml)|(x-)?(ndjson|javascript)|graphql))$/

/** The media type of a response that carries text. Throws for every other. */
export const textType = ({ headers }: IncomingMessage): string => {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!TEXT_TYPE.test(type)) throw new ToolFailure(`expected a text, found ${type === '' ? 'no content type' : type}`)
  return type
}

/**
 * The whole body, decompressed and decoded. Throws above `maxBytes`, which count as they come, on the wire and again after decompression:
 * what the server announces is not believed, and neither an endless body nor a small one that unpacks to gigabytes is held.
 */
export const readText = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const decoder = textDecoder(response)
  const unpack = decompression(response)
  const chunks: Uint8Array[] = []
  const collect = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of source) chunks.push(chunk)
  }
  const limit = atMost(maxBytes)
  await (unpack === undefined ? pipeline(response, limit, collect) : pipeline(response, limit, unpack, limit, collect))
  return decoder.decode(Buffer.concat(chunks))
}

const atMost = (maxBytes: number) =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw new ToolFailure(`the answer is larger than ${maxBytes} bytes`)
      yield chunk
    }
  }

const decompression = ({ headers }: IncomingMessage) => {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  switch (encoding) {
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new ToolFailure(`expected gzip, deflate, br or no compression, found ${encoding}`)
  }
}

const textDecoder = ({ headers }: IncomingMessage): TextDecoder => {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset)
  } catch (cause) {
    throw new ToolFailure(`the answer is written in an unknown charset, ${charset}`, { cause })
  }
}
