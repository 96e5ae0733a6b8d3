import { STATUS_CODES } from 'node:http'
import { safeHeaders } from './safe-headers.ts'

/** Why what came over a connection is no request that anybody could answer. */
export interface BadRequest {
  readonly status: 400 | 405 | 408 | 413 | 417 | 431
  readonly detail: string
}

/** What is said instead of an answer. */
export interface Words {
  readonly contentType: string
  readonly body: string
}

const bad: Readonly<Record<string, BadRequest>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'Expected headers of 16 KiB at most, found more' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: 'Expected chunks without extensions, found more than 16 KiB of them' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'Expected the whole request in time, found a part of it' },
  CONNECT: { status: 405, detail: 'Expected a request to this service, found CONNECT, which asks for a tunnel' },
  EXPECT: { status: 417, detail: 'Expected no header Expect but 100-continue, found another' },
}

/** By the code of Node's error; what the parser could not read is not repeated. */
export const badRequest = (code: string | undefined): BadRequest =>
  bad[code ?? ''] ?? { status: 400, detail: 'Expected a request of HTTP/1.1, found something else' }

/** The answer as it goes over the wire, where there is no request that Node could answer. */
export const responseText = ({ status }: BadRequest, { contentType, body }: Words): string => {
  const headers = {
    ...safeHeaders,
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n')
}
