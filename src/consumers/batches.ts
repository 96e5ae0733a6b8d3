import { setImmediate } from 'node:timers/promises'
import type { StoredEvent } from '../eventlog/event-log.ts'

export interface BatchLimits<Item> {
  readonly items: number
  readonly bytes: number
  readonly bytesOf: (item: Item) => number
}

/**
 * All that has come while the batch before was being worked on, within the limits; a single item may be larger. So batches grow with
 * the load, and an item that comes alone waits for nothing. Reads ahead by two batches at most.
 * Where the items end with an error, it comes behind the last batch.
 */
export async function* gathered<Item>(
  source: AsyncIterable<Item>,
  limits: BatchLimits<Item>,
): AsyncGenerator<readonly Item[], void, undefined> {
  const buffer: Item[] = []
  let bufferedBytes = 0
  let end: { readonly error: unknown } | 'reached' | undefined
  let isLeft = false
  let bell = Promise.withResolvers<undefined>()
  const ring = (): void => {
    bell.resolve(undefined)
    bell = Promise.withResolvers()
  }

  const readAhead = async (): Promise<void> => {
    for await (const item of source) {
      buffer.push(item)
      bufferedBytes += limits.bytesOf(item)
      ring()
      while (!isLeft && (buffer.length >= 2 * limits.items || bufferedBytes >= 2 * limits.bytes)) await bell.promise
      if (isLeft) return
    }
  }
  const nextBatch = (): Item[] => {
    let bytes = 0
    let count = 0
    for (const item of buffer.slice(0, limits.items)) {
      bytes += limits.bytesOf(item)
      if (count > 0 && bytes > limits.bytes) break
      count += 1
    }
    const batch = buffer.splice(0, count)
    for (const item of batch) bufferedBytes -= limits.bytesOf(item)
    ring()
    return batch
  }

  readAhead()
    .then(
      () => (end = 'reached'),
      (error: unknown) => (end = { error }),
    )
    .finally(ring)
  try {
    for (;;) {
      while (buffer.length === 0 && end === undefined) await bell.promise
      if (buffer.length > 0) yield nextBatch()
      else if (end === 'reached') return
      else throw (end as { readonly error: unknown }).error
    }
  } finally {
    isLeft = true
    ring()
  }
}

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

/** Lets everything else that is ready go first. */
export const nextTurn = async (): Promise<undefined> => {
  await setImmediate()
}
