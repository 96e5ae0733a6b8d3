import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import type { ProcessMetrics } from './process-metrics.ts'
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
 * `/metrics` for Prometheus. It needs no key and tells nothing of runs.
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
  let dependencies: readonly Dependency[] | undefined

  const readiness = async (): Promise<Answer> => {
    if (stopping.aborted) return json(503, { status: 'stopping' })
    if (dependencies === undefined) return json(503, { status: 'starting' })
    const missing = await unanswered(clock, dependencies)
    return missing.length === 0 ? json(200, { status: 'ok' }) : json(503, { status: 'waiting', noAnswerFrom: missing })
  }
  const answers: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': readiness,
    '/metrics': async () => [200, metrics.contentType, await metrics.text()],
  }
  const server = createServer((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? '']
    if (answer === undefined) return send(response, json(404, { status: 'unknown path', paths: Object.keys(answers) }))
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, json(405, { status: 'expected GET' }))
    Promise.resolve(answer()).then(
      (found) => send(response, found),
      (error: unknown) => send(response, json(500, { status: messageOf(error) })),
    )
  })
  await listen(server, options)
  return {
    url: urlOf(server),
    dependsOn(given) {
      dependencies = given
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const json = (status: number, body: object): Answer => [status, 'application/json', `${JSON.stringify(body)}\n`]

const send = (response: ServerResponse, [status, contentType, body]: Answer): void => {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}

const listen = async (server: Server, { host, port }: HealthServerOptions): Promise<void> => {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw new AppError('InvalidConfiguration', `Expected an address for health and metrics, found ${host}:${port}: ${messageOf(cause)}`, {
      cause,
    })
  }
}

const urlOf = (server: Server): string => {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
