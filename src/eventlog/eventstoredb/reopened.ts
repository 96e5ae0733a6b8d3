import type { Clock } from '../../clock.ts'
import { isAppError } from '../../errors.ts'
import type { RecordedEvent, ResolvedEvent } from './client.ts'
import { isDeletion } from './metadata.ts'

// A stream that was deleted and is written again is not found until the server has written its metadata too, some milliseconds after it
// has acknowledged the events: 50 at most were seen.

/** In ms. A stream that stays deleted is told as such after all of them. */
const PAUSES_MS = [5, 10, 20, 40, 75]

interface Deleted {
  readonly clock: Clock
  readonly metadata: () => Promise<RecordedEvent | undefined>
}

/** Reads a stream, and once more where it may have been written again just now. */
export async function* reopened(
  { clock, metadata }: Deleted,
  read: () => AsyncIterable<ResolvedEvent>,
): AsyncGenerator<ResolvedEvent, void, undefined> {
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    let hasBegun = false
    try {
      for await (const event of read()) {
        hasBegun = true
        yield event
      }
      return
    } catch (error) {
      if (hasBegun || pauseMs === undefined || !isAppError(error, 'StreamNotFound')) throw error
      const known = await knownMetadata(metadata)
      if (known === undefined) throw error
      // What has metadata and is not deleted by now may have been written between the two looks.
      if (!isDeletion(known)) {
        yield* read()
        return
      }
    }
    await new Promise<void>((resolve) => clock.setTimer(pauseMs, resolve))
  }
}

/** Who may read a stream need not be allowed to read its metadata. */
const knownMetadata = async (metadata: () => Promise<RecordedEvent | undefined>): Promise<RecordedEvent | undefined> => {
  try {
    return await metadata()
  } catch (error) {
    if (isAppError(error, 'InvalidConfiguration')) return undefined
    throw error
  }
}
