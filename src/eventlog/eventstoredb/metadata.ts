import type { StreamMetadata } from '../event-log.ts'
import type { ProposedEvent, RecordedEvent, ResolvedEvent } from './client.ts'
import type { Clock } from '../../clock.ts'
import { isAppError } from '../../errors.ts'

// The metadata of a stream are the newest event of its stream `$$…`. Others may keep there what is not ours, such as access rights.

type Members = Readonly<Record<string, unknown>>

/** What `$tb` is of a stream that was deleted. JavaScript cannot hold the number, so it is written as text. */
const DELETED_TRUNCATION = '9223372036854775807'

const MS_PER_SECOND = 1_000

export const metadataStreamOf = (stream: string): string => `$$${stream}`

const membersOf = (event: RecordedEvent | undefined): Members =>
  typeof event?.data === 'object' && event.data !== null ? (event.data as Members) : {}

const wholeNumber = (value: unknown): number | undefined => (Number.isSafeInteger(value) ? (value as number) : undefined)

export const toStreamMetadata = (event: RecordedEvent | undefined): StreamMetadata => {
  const members = membersOf(event)
  const maxCount = wholeNumber(members['$maxCount'])
  const maxAgeSeconds = wholeNumber(members['$maxAge'])
  const truncateBefore = wholeNumber(members['$tb'])
  return {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeMs: maxAgeSeconds * MS_PER_SECOND }),
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
  }
}

/** Keeps what is not ours, and a deleted stream deleted. An age is rounded up to whole seconds, which is what the server counts in. */
export const toMetadataEvent = (id: string, before: RecordedEvent | undefined, metadata: StreamMetadata): ProposedEvent => {
  const { $maxCount: _count, $maxAge: _age, $tb: _truncation, ...others } = membersOf(before)
  const { maxCount, maxAgeMs, truncateBefore } = metadata
  const data = {
    ...others,
    ...(maxCount === undefined ? {} : { $maxCount: maxCount }),
    ...(maxAgeMs === undefined ? {} : { $maxAge: Math.ceil(maxAgeMs / MS_PER_SECOND) }),
    ...(truncateBefore === undefined ? {} : { $tb: truncateBefore }),
    ...(isDeletion(before) ? { $tb: verbatimNumber(DELETED_TRUNCATION) } : {}),
  }
  return { id, type: '$metadata', contentType: 'application/json', data, metadata: new Uint8Array() }
}

/** Not in the types yet. */
const verbatimNumber = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)

/** Whether these are the metadata of a stream that was deleted and not written since. */
export const isDeletion = (event: RecordedEvent | undefined): boolean => {
  const truncation = membersOf(event)['$tb']
  return typeof truncation === 'number' && truncation > Number.MAX_SAFE_INTEGER
}

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
