import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { backoffMs, pauseFor } from './backoff.ts'
import type { Batch, BusNotice, ConsumeOptions } from './bus.ts'

export interface BatchParts {
  readonly clock: Clock
  readonly notify: (notice: BusNotice) => void
}

/** What an adapter does next: `at` is where the partition goes on, undefined where the batch was given up unhandled. */
export interface Handled {
  readonly at: number | undefined
}

/** Hands the batch over until it is handled; given up only where its signal has come and the handler fails. */
export const handleBatch = async (parts: BatchParts, { group, handle }: ConsumeOptions, batch: Batch): Promise<Handled> => {
  for (let failures = 1; ; failures++) {
    try {
      return { at: (await handle(batch))?.restartAt ?? batch.next }
    } catch (error) {
      if (batch.signal.aborted) return { at: undefined }
      const { topic, partition } = batch
      parts.notify({ type: 'batchFailed', group, topic, partition, message: messageOf(error) })
      await pauseFor(parts.clock, backoffMs(failures), batch.signal)
      if (batch.signal.aborted) return { at: undefined }
    }
  }
}

/** Asks where to begin until there is an answer; undefined also where the signal has come. */
export const askStart = async (
  parts: BatchParts,
  { group, startAt }: ConsumeOptions,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  signal: AbortSignal,
): Promise<number | undefined> => {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await startAt?.(topic, partition)
    } catch (error) {
      parts.notify({ type: 'batchFailed', group, topic, partition, message: messageOf(error) })
      await pauseFor(parts.clock, backoffMs(failures), signal)
    }
  }
  return undefined
}
