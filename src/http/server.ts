import { getRequestListener } from '@hono/node-server'
import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Clock, IdSource } from '../clock.ts'
import { AppError } from '../errors.ts'
import { lastAnswers } from '../web/last-answers.ts'
import { startWebServer, urlOf } from '../web/web-server.ts'
import { createApi } from './api.ts'
import type { ServedMetrics, ServedRefold } from './api-parts.ts'
import type { HttpSettings } from './http-options.ts'
import { isLoopback } from './loopback.ts'
import { openStreams } from './open-streams.ts'
import { createSessions } from './sessions.ts'
import { startingService, whileStarting } from './while-starting.ts'
import { startIds } from './start-ids.ts'
import { badRequestProblem, unreadableRequest } from './unreadable-request.ts'

export interface HttpServerOptions {
  /** Where it is not open yet, it is handed in later, and the service is not ready until then. */
  readonly refold?: ServedRefold
  readonly settings: HttpSettings
  /** A name or an address of this machine. */
  readonly host: string
  /** 0 is any that is free. */
  readonly port: number
  readonly clock: Clock
  readonly ids: IdSource
  readonly logger: Logger
  /** That sessions are signed with; one of its own without it. */
  readonly sessionSecret?: string | undefined
  /** What `/metrics` tells Prometheus. */
  readonly metrics: ServedMetrics
  /** The folder of the files of datasets. */
  readonly datasetDir?: string | undefined
}

export interface HttpServer {
  /** As `http://127.0.0.1:8080`. */
  readonly url: string
  /** Says that it is not ready, and serves on: every answer is the last one of its connection. */
  drain(): void
  /** What requests are answered from, from now on. Once. */
  serve(refold: ServedRefold): void
  /**
   * Takes nothing new, ends the event streams, and answers what it was asked; connections that are open after `deadlineMs` are cut.
   * The Refold behind it stays open.
   */
  stop(deadlineMs: number): Promise<void>
}

/** Resolves once it listens. Rejects with `InvalidConfiguration` where it may not or cannot. */
export const startHttpServer = async (options: HttpServerOptions): Promise<HttpServer> => {
  const { refold, settings, clock, ids, logger, metrics } = options
  requireKeysInPublic(options)
  const streams = openStreams({ perKey: settings.streamsPerKey, inAll: settings.streams })
  const sessions = createSessions({ keys: settings.keys, clock, secret: options.sessionSecret })
  const draining = new AbortController()
  const stopping = new AbortController()
  const starting = whileStarting(clock, listenerFor(startingService(ids), ids))
  const serve = (opened: ServedRefold): void => {
    const api = createApi({
      refold: opened,
      settings,
      clock,
      ids,
      logger,
      metrics,
      datasetDir: options.datasetDir,
      streams,
      sessions,
      startIds: startIds(opened.log),
      draining: draining.signal,
      stopping: stopping.signal,
    })
    starting.begin(listenerFor(api.fetch, ids))
  }
  if (refold !== undefined) serve(refold)
  const server = await startWebServer({
    host: options.host,
    port: options.port,
    purpose: 'to listen on',
    limits: settings,
    answer: starting.answer,
    refuse: (bad) => badRequestProblem(bad, ids.uuid()),
  })
  closeConnectionsOnceStopping(server, stopping.signal)
  const answerLast = lastAnswers(server)
  const drain = (): void => {
    draining.abort()
    answerLast()
  }
  return {
    url: urlOf(server),
    serve,
    drain,
    async stop(deadlineMs) {
      drain()
      stopping.abort()
      await closed(server, { clock, deadlineMs, endStreams: () => streams.endAll() })
    },
  }
}

interface Closing {
  readonly clock: Clock
  readonly deadlineMs: number
  readonly endStreams: () => void
}

/** Resolves once nobody is connected any more; what is still open at the deadline is cut. */
const closed = async (server: Server, { clock, deadlineMs, endStreams }: Closing): Promise<void> => {
  const isClosed = once(server, 'close')
  let isTooLate = false
  const disarm = clock.setTimer(deadlineMs, () => {
    isTooLate = true
    server.closeAllConnections()
  })
  await quietTurn()
  server.close()
  endStreams()
  // Who has come in between is cut too.
  if (isTooLate) server.closeAllConnections()
  await isClosed
  disarm()
}

const MOST_TURNS = 1_000
const QUIET_MS = 0.5

/**
 * Resolves in a turn of the event loop in which there was next to nothing to do. Connections that the system has made and nobody has accepted yet are
 * reset with their listener: each turn begins with accepting them, so only those are lost that come between then and the end of the listener.
 */
const quietTurn = async (): Promise<void> => {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const began = performance.now()
    await nextTurn()
    if (turn > 0 && performance.now() - began < QUIET_MS) return
  }
}

const listenerFor = (fetch: Parameters<typeof getRequestListener>[0], ids: IdSource): RequestListener => {
  const listener = getRequestListener(fetch, {
    // The globals stay as they are: models and tools in this process use them too.
    overrideGlobalObjects: false,
    errorHandler: (error) => unreadableRequest(error, ids.uuid()),
  })
  return (request, response) => void listener(request, response)
}

const requireKeysInPublic = ({ host, settings }: HttpServerOptions): void => {
  if (settings.keys.length > 0 || isLoopback(host)) return
  throw new AppError(
    'InvalidConfiguration',
    `Expected API keys, since ${host} can be reached from elsewhere, found none: give them in \`http.keys\`, or listen on 127.0.0.1`,
  )
}

/** A connection whose answer began before the end was known would be kept alive, and hold up the end until its client lets go. */
const closeConnectionsOnceStopping = (server: Server, stopping: AbortSignal): void => {
  server.on('request', (_, response) => {
    response.once('close', () => {
      if (stopping.aborted) setImmediate(() => server.closeIdleConnections())
    })
  })
}
