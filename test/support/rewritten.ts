import { decodeEvent, encodeData, encodeMeta, streamOf } from '../../src/events/codec.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { Stored } from '../../src/testing/given.ts'

/** Changes one event of a history and closes the chain of hashes over it again, as whoever can write to the log could. */
export const rewritten = (stored: readonly Stored[], revision: number, change: (event: RunEvent) => RunEvent): readonly Stored[] => {
  let previous = ''
  return stored.map(({ event }) => {
    const changed = event.revision === revision ? change(event) : event
    const { hash: _, ...meta } = changed.meta
    const { data } = encodeData(changed)
    const sealed = encodeMeta(previous, changed.type, data, meta)
    previous = sealed.hash
    const texts = { id: event.id, type: changed.type, data, meta: sealed.meta }
    return { event: decodeEvent({ ...texts, stream: streamOf(event.runId), revision: event.revision }, new Map()), texts }
  })
}
