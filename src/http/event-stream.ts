import type { Context } from 'hono'
import { AppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import { jsonText } from '../json.ts'
import { followRun, hasEnded } from '../runtime/reading/follow-run.ts'
import type { ApiParts, ServedRefold } from './api-parts.ts'
import { streamFrames, type Frame, type FrameSource } from './frame-stream.ts'
import type { HttpEnv } from './http-env.ts'
import { outlineReader } from './run-outline.ts'

// Server-sent events of one run, which end with it.
//
//   STREAM1. Every event from `from` on, in order, once; its revision is its id, so that `Last-Event-ID` goes on where a connection broke.

export interface EventsRequest {
  readonly runId: string
  /** The first revision. */
  readonly from: number
  readonly deltas: boolean
}

/** Rejects with `InvalidInput` for a beginning beyond the newest event, and throws `TooManyStreams`. */
export const streamEvents = (c: Context<HttpEnv>, parts: ApiParts, { runId, from, deltas }: EventsRequest): Promise<Response> => {
  const run = parts.refold.run(runId)
  return streamOfRun(c, parts, from, {
    runId,
    async *frames(signal): AsyncGenerator<Frame> {
      for await (const event of run.events({ from, signal })) yield { event: 'event', id: String(event.revision), data: jsonText(event) }
    },
    ...(deltas && {
      async *beside(signal): AsyncGenerator<Frame> {
        for await (const delta of run.deltas({ signal })) yield { event: 'delta', data: JSON.stringify(delta) }
      },
    }),
  })
}

/** The same of its outline. */
export const streamOutline = (c: Context<HttpEnv>, parts: ApiParts, { runId, from }: Omit<EventsRequest, 'deltas'>): Promise<Response> =>
  streamOfRun(c, parts, from, {
    runId,
    async *frames(signal): AsyncGenerator<Frame> {
      const outline = outlineReader(parts.refold, runId, from)
      for await (const stored of followRun(parts.refold.log, runId, { from, signal }))
        yield { event: 'row', id: String(stored.revision), data: JSON.stringify(await outline.rowOf(stored)) }
    },
  })

const streamOfRun = async (
  c: Context<HttpEnv>,
  parts: ApiParts,
  from: number,
  source: FrameSource & { readonly runId: string },
): Promise<Response> => {
  const { runId } = source
  const newest = await newestRevision(parts.refold, runId)
  if (from > newest + 1) {
    throw new AppError('InvalidInput', `Expected to begin at revision ${newest + 1} of ${runId} at most, found ${from}`)
  }
  // A browser takes 204 as the word not to connect again.
  if (from > newest && (await hasEnded(parts.refold.log, runId))) return c.body(null, 204)
  return streamFrames(c, parts, source)
}

const newestRevision = async ({ log }: Pick<ServedRefold, 'log'>, runId: string): Promise<number> => {
  for await (const { revision } of log.readStream(streamOf(runId), { direction: 'backwards', limit: 1 })) return revision
  return -1
}
