import type { StoredEvent } from '../eventlog/event-log.ts'

/** Of an event in memory, about: UTF-16 units of data and meta. */
export const storedLength = ({ data, meta }: StoredEvent): number => data.length + meta.length

/** Of a batch, which ends with the event that goes beyond: a few large events are a batch as well as many small ones. */
export const BATCH_LENGTH = 8 * 1024 * 1024

/** All of them in batches of so many events, or of fewer that are long. None is empty. */
export async function* eventBatches(events: AsyncIterable<StoredEvent>, most: number): AsyncGenerator<StoredEvent[], void, undefined> {
  let batch: StoredEvent[] = []
  let length = 0
  for await (const event of events) {
    batch.push(event)
    length += storedLength(event)
    if (batch.length < most && length < BATCH_LENGTH) continue
    yield batch
    batch = []
    length = 0
  }
  if (batch.length > 0) yield batch
}
