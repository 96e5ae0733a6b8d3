import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ProcessMetrics } from './process-metrics.ts'
import { askedSeldom } from '../web/seldom.ts'
import { safeHeaders } from '../web/safe-headers.ts'
import { startWebServer, urlOf } from '../web/web-server.ts'
import { unanswered, type Dependency } from './readiness.ts'

export interface HealthServerOptions {
  readonly host: string
  /** 0 is any that is free. */
  readonly port: number
  readonly clock: Clock
  readonly metrics: ProcessMetrics
  /** Aborted once the process finishes what is under way and takes nothing new. */
  readonly stopping: AbortSignal
}

/**
 * Says how a process is, to whoever supervises it: `/healthz` whether it lives, `/readyz` whether it works and its servers answer,
 * `/metrics` for Prometheus. It needs no key and tells nothing of runs, and however often it is asked, it asks its servers every few seconds at most.
 */
export interface HealthServer {
  /** As `http://127.0.0.1:9464`. */
  readonly url: string
  /** From now on it is ready whenever these answer. Before, it is starting. */
  dependsOn(dependencies: readonly Dependency[]): void
  stop(): Promise<void>
}

type Answer = readonly [status: number, contentType: string, body: string]

/** Resolves once it listens. Rejects with `InvalidConfiguration` where it cannot. */
export const startHealthServer = async (options: HealthServerOptions): Promise<HealthServer> => {
  const { metrics, clock, stopping } = options
  let missingNow: (() => Promise<readonly string[]>) | undefined

  const readiness = async (): Promise<Answer> => {
    if (stopping.aborted) return json(503, { status: 'stopping' })
    if (missingNow === undefined) return json(503, { status: 'starting' })
    const missing = await missingNow()
    return missing.length === 0 ? json(200, { status: 'ok' }) : json(503, { status: 'waiting', noAnswerFrom: missing })
  }
  const answers = new Map<string, () => Answer | Promise<Answer>>([
    ['/healthz', () => json(200, { status: 'ok' })],
    ['/readyz', readiness],
    ['/metrics', async () => [200, metrics.contentType, await metrics.text()]],
  ])
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const answered = answers.get(request.url?.split('?')[0] ?? '')
    if (answered === undefined) return send(response, json(404, { status: 'unknown path', paths: [...answers.keys()] }))
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, json(405, { status: 'expected GET' }), { allow: 'GET, HEAD' })
    Promise.resolve(answered()).then(
      (found) => send(response, found),
      () => send(response, json(500, { status: 'failed' })),
    )
  }
  const server = await startWebServer({
    host: options.host,
    port: options.port,
    purpose: 'for health and metrics',
    limits: LIMITS,
    answer,
    refuse: ({ detail }) => ({ contentType: JSON_TYPE, body: `${JSON.stringify({ status: detail })}\n` }),
  })
  return {
    url: urlOf(server),
    dependsOn(given) {
      missingNow = askedSeldom(clock, FRESH_MS, () => unanswered(clock, given))
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Whoever supervises a process asks it from a few places. */
const LIMITS = { connections: 100, requestTimeoutMs: 10_000, keepAliveMs: 75_000 }
const FRESH_MS = 3_000

const JSON_TYPE = 'application/json'

const json = (status: number, body: object): Answer => [status, JSON_TYPE, `${JSON.stringify(body)}\n`]

const send = (response: ServerResponse, [status, contentType, body]: Answer, headers: Readonly<Record<string, string>> = {}): void => {
  response.writeHead(status, { ...safeHeaders, 'content-type': contentType, ...headers }).end(body)
}
