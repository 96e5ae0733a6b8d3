import type { Context } from 'hono'
import { streamSSE, type SSEStreamingApi } from 'hono/streaming'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { codeOf, problemOf } from './problem.ts'

// What all streams of server-sent events have in common.
//
//   STREAM2. The next frame is asked for only when the client has taken the one before: a slow one waits for itself alone.
//   STREAM3. What is no frame of them (deltas, heartbeats) is left out where the client is behind.
//   STREAM4. One that ends before its frames have and before its client wants says why, as a problem.

/** Proxies drop connections on which nothing is said for a minute, often for half of one. */
const HEARTBEAT_MS = 15_000
/** How long a client waits before it connects again. */
const RETRY_MS = 1_000
/** The last word of a service that stops: a browser connects again by itself, another client is told. */
const GO_ON_ELSEWHERE = JSON.stringify({ reconnect: true, afterMs: RETRY_MS })

export interface Frame {
  readonly event: string
  /** What `Last-Event-ID` goes on behind; without it, as after the frame before. */
  readonly id?: string
  readonly data: string
}

export interface FrameSource {
  readonly frames: (signal: AbortSignal) => AsyncIterable<Frame>
  /** What comes between them as long as they do. */
  readonly beside?: (signal: AbortSignal) => AsyncIterable<Frame>
  readonly runId?: string
}

/** Throws `TooManyStreams`. */
export const streamFrames = (c: Context<HttpEnv>, parts: ApiParts, source: FrameSource): Response => {
  // What the headers would be; nobody reads a body, so that nothing would ever end a stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
  const { name, until } = c.get('access')
  const opened = parts.streams.open(name)
  // No stream outlives the session that it was opened with.
  const disarm = until === undefined ? undefined : parts.clock.setTimer(until - parts.clock.now(), () => opened.close())
  c.header('x-accel-buffering', 'no')
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => opened.close())
    try {
      await forward(stream, parts, source, opened.signal)
    } catch (error) {
      const requestId = c.get('requestId')
      parts.logger.warn({ requestId, runId: source.runId, code: codeOf(error) }, 'an event stream ended early')
      await stream.writeSSE({ event: 'problem', data: JSON.stringify(problemOf(error, requestId)) })
    } finally {
      disarm?.()
      opened.close()
    }
  })
  // Whoever keeps connections must not take this one for its next request: it ends with the stream, perhaps since the service ends.
  response.headers.set('connection', 'close')
  return response
}

const forward = async (
  stream: SSEStreamingApi,
  parts: ApiParts,
  { frames, beside, runId }: FrameSource,
  signal: AbortSignal,
): Promise<void> => {
  const stopHeartbeat = keepAlive(stream, parts)
  if (beside !== undefined) {
    void writeAll(stream, beside(signal)).catch((error: unknown) => {
      parts.logger.warn({ runId, code: codeOf(error) }, 'the text of an event stream ended early')
    })
  }
  try {
    await stream.write(`retry: ${RETRY_MS}\n\n`)
    await writeAll(stream, frames(signal))
    if (parts.stopping.aborted) await stream.writeSSE({ event: 'stopping', data: GO_ON_ELSEWHERE })
  } finally {
    stopHeartbeat()
  }
}

const writeAll = async (stream: SSEStreamingApi, frames: AsyncIterable<Frame>): Promise<void> => {
  for await (const frame of frames) await stream.writeSSE(frame)
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
