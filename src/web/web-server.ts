import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError, messageOf } from '../errors.ts'
import { badRequest, responseText, type BadRequest, type Words } from './bad-request.ts'

export interface WebLimits {
  /** Open at one time; one more is closed at once. */
  readonly connections: number
  /** For a whole request, headers and body, from its first byte; headers alone have a third of it. */
  readonly requestTimeoutMs: number
  /** An idle connection is kept for a next request for so long. */
  readonly keepAliveMs: number
}

export interface WebServerOptions {
  /** A name or an address of this machine. */
  readonly host: string
  /** 0 is any that is free. */
  readonly port: number
  /** Completes "Expected an address …". */
  readonly purpose: string
  readonly limits: WebLimits
  readonly answer: RequestListener
  /** What is said to bytes that are no request, and to a request that does not come to its end. */
  readonly refuse: (bad: BadRequest) => Words
}

/** A client that takes none of its answer for so long is gone. */
const SILENT_CLIENT_MS = 120_000

/**
 * A server that answers HTTP/1.1, and that slow or broken clients cannot fill: every connection, header and body has its time.
 * Resolves once it listens. Rejects with `InvalidConfiguration` where it cannot.
 */
export const startWebServer = async (options: WebServerOptions): Promise<Server> => {
  const { connections, requestTimeoutMs, keepAliveMs } = options.limits
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.ceil(requestTimeoutMs / 3),
      keepAliveTimeout: keepAliveMs,
      // How often the two above are looked at.
      connectionsCheckingInterval: Math.min(1_000, Math.ceil(requestTimeoutMs / 10)),
      // Node would answer by itself, and without a word.
      requireHostHeader: false,
      keepAlive: true,
    },
    options.answer,
  )
  server.maxConnections = connections
  server.timeout = SILENT_CLIENT_MS
  answerBadRequests(server, options.refuse)
  await listen(server, options)
  return server
}

/** As `http://127.0.0.1:8080`. */
export const urlOf = (server: Server): string => {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

const answerBadRequests = (server: Server, refuse: WebServerOptions['refuse']): void => {
  const answers = new WeakMap<Duplex, ServerResponse>()
  server.on('request', (request, response) => answers.set(request.socket, response))
  const refuseOn = (socket: Duplex, bad: BadRequest): void => {
    socket.on('error', () => undefined)
    const answering = answers.get(socket)
    // In the middle of an answer another one would be taken for a part of it.
    const isAnswering = answering !== undefined && answering.headersSent && !answering.writableFinished
    if (isAnswering || !socket.writable) socket.destroy()
    else socket.end(responseText(bad, refuse(bad)))
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else refuseOn(socket, badRequest(error.code))
  })
  server.on('connect', (_, socket) => {
    refuseOn(socket, badRequest('CONNECT'))
  })
  server.on('checkExpectation', (request) => {
    refuseOn(request.socket, badRequest('EXPECT'))
  })
}

const listen = async (server: Server, { host, port, purpose }: WebServerOptions): Promise<void> => {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    const isTaken = messageOf(cause).includes('EADDRINUSE')
    const problem = isTaken ? 'another program listens there. Give another port; 0 is any that is free' : messageOf(cause)
    throw new AppError('InvalidConfiguration', `Expected an address ${purpose}, found ${host}:${port}: ${problem}`, { cause })
  }
}
