import { randomUUID } from 'node:crypto'
import type { NewEvent } from '../src/eventlog/event-log.ts'
import { streamOf } from '../src/events/codec.ts'
import { openWorkshop } from './workshop.ts'

/** Events as real runs write them, as many as are wanted: one run is lived, the others are its copies under other ids. */
export interface CopiedRuns {
  /** Of each run. */
  readonly events: number
  /** Mean of type, data and meta of an event. */
  readonly eventBytes: number
  next(): CopiedRun
}

export interface CopiedRun {
  readonly stream: string
  readonly events: readonly NewEvent[]
}

export const copiedRuns = async (folder: string, turns: number): Promise<CopiedRuns> => {
  const workshop = await openWorkshop(folder)
  const [view] = await workshop.readAll(1, turns)
  if (view === undefined) throw new Error('expected a run, found none')
  const lived: NewEvent[] = []
  for await (const { type, data, meta, id } of workshop.refold.log.readStream(streamOf(view.runId))) lived.push({ id, type, data, meta })
  await workshop.close()
  const bytes = lived.reduce(
    (sum, { type, data, meta }) => sum + Buffer.byteLength(type) + Buffer.byteLength(data) + Buffer.byteLength(meta),
    0,
  )
  return {
    events: lived.length,
    eventBytes: Math.round(bytes / lived.length),
    next() {
      const runId = randomUUID()
      const events = lived.map(({ type, data, meta }) => ({
        id: randomUUID(),
        type,
        data: data.replaceAll(view.runId, runId),
        meta: meta.replaceAll(view.runId, runId),
      }))
      return { stream: streamOf(runId), events }
    },
  }
}
