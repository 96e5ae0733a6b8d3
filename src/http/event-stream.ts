import type { Context } from 'hono'
import { streamSSE, type SSEStreamingApi } from 'hono/streaming'
import { AppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import { jsonText } from '../json.ts'
import { hasEnded } from '../runtime/reading/follow-run.ts'
import type { Run } from '../runtime/run-handle.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { codeOf, problemOf } from './problem.ts'

// Server-sent events of one run.
//
//   STREAM1. Every event from `from` on, in order, once; its revision is its id, so that `Last-Event-ID` goes on where a connection broke.
//   STREAM2. The log is asked for the next event only when the client has taken the one before: a slow one waits for itself alone.
//   STREAM3. What is no event (deltas, heartbeats) is left out where the client is behind; in the place of text comes a reset.
//   STREAM4. One that ends before its run has and before its client wants says why, as a problem.

/** Proxies drop connections on which nothing is said for a minute, often for half of one. */
const HEARTBEAT_MS = 15_000
/** How long a client waits before it connects again. */
const RETRY_MS = 1_000
/** The last word of a service that stops: a browser connects again by itself, another client is told. */
const GO_ON_ELSEWHERE = JSON.stringify({ reconnect: true, afterMs: RETRY_MS })

export interface StreamRequest {
  readonly runId: string
  /** The first revision. */
  readonly from: number
  readonly deltas: boolean
}

/** Rejects with `InvalidInput` for a beginning beyond the newest event, and throws `TooManyStreams`. */
export const streamEvents = async (c: Context<HttpEnv>, parts: ApiParts, request: StreamRequest): Promise<Response> => {
  const { runId, from } = request
  const newest = await newestRevision(parts, runId)
  if (from > newest + 1) {
    throw new AppError('InvalidInput', `Expected to begin at revision ${newest + 1} of ${runId} at most, found ${from}`)
  }
  // A browser takes 204 as the word not to connect again.
  if (from > newest && (await hasEnded(parts.refold.log, runId))) return c.body(null, 204)
  // What the headers would be; nobody reads a body, so that nothing would ever end a stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
  const opened = parts.streams.open(c.get('access').name)
  c.header('x-accel-buffering', 'no')
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => opened.close())
    try {
      await forward(stream, parts, { ...request, signal: opened.signal })
    } catch (error) {
      const requestId = c.get('requestId')
      parts.logger.warn({ requestId, runId, code: codeOf(error) }, 'an event stream ended early')
      await stream.writeSSE({ event: 'problem', data: JSON.stringify(problemOf(error, requestId)) })
    } finally {
      opened.close()
    }
  })
  // Whoever keeps connections must not take this one for its next request: it ends with the stream, perhaps since the service ends.
  response.headers.set('connection', 'close')
  return response
}

const newestRevision = async ({ refold }: ApiParts, runId: string): Promise<number> => {
  for await (const { revision } of refold.log.readStream(streamOf(runId), { direction: 'backwards', limit: 1 })) return revision
  return -1
}

interface Forwarding extends StreamRequest {
  readonly signal: AbortSignal
}

const forward = async (stream: SSEStreamingApi, parts: ApiParts, { runId, from, deltas, signal }: Forwarding): Promise<void> => {
  const run = parts.refold.run(runId)
  const stopHeartbeat = keepAlive(stream, parts)
  if (deltas) {
    void forwardDeltas(stream, run, signal).catch((error: unknown) => {
      parts.logger.warn({ runId, code: codeOf(error) }, 'the text of an event stream ended early')
    })
  }
  try {
    await stream.write(`retry: ${RETRY_MS}\n\n`)
    for await (const event of run.events({ from, signal })) {
      await stream.writeSSE({ event: 'event', id: String(event.revision), data: jsonText(event) })
    }
    if (parts.stopping.aborted) await stream.writeSSE({ event: 'stopping', data: GO_ON_ELSEWHERE })
  } finally {
    stopHeartbeat()
  }
}

const forwardDeltas = async (stream: SSEStreamingApi, run: Run, signal: AbortSignal): Promise<void> => {
  for await (const delta of run.deltas({ signal })) await stream.writeSSE({ event: 'delta', data: JSON.stringify(delta) })
}

const keepAlive = (stream: SSEStreamingApi, { clock }: ApiParts): (() => void) => {
  let disarm = (): void => undefined
  let isWaiting = false
  const arm = (): void => {
    disarm = clock.setTimer(HEARTBEAT_MS, () => {
      if (!isWaiting) {
        isWaiting = true
        void stream.write(': heartbeat\n\n').finally(() => (isWaiting = false))
      }
      arm()
    })
  }
  arm()
  return () => {
    disarm()
  }
}
