import type { BlobStore } from '../src/blobs/blob-store.ts'
import type { Clock } from '../src/clock.ts'
import { AppError } from '../src/errors.ts'
import type { AppendResult, EventLog, NewEvent, ReadStreamOptions, StoredEvent } from '../src/eventlog/event-log.ts'
import type { AppendFate, Fates } from './chaos.ts'
import type { Life } from './life.ts'
import type { Deed } from './tally.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What a process shares with the others, and what can happen to it. */
export interface Surroundings {
  readonly time: VirtualTime
  readonly fates: Fates
  readonly log: EventLog
  readonly blobs: BlobStore
  /** The process ends here and now. */
  crash(life: Life): void
  count(deed: Deed): void
  tell(line: () => string): void
}

/** A process may end at each call of its ports: before the call gets anywhere, or before its answer comes back. */
const call = <Result>({ time, fates, crash }: Surroundings, life: Life, perform: () => Promise<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    if (fates.crashes()) return crash(life)
    const crashesAfterwards = fates.crashes()
    time.schedule(fates.latency(), () => {
      perform().then(
        (result) => {
          if (crashesAfterwards) crash(life)
          else life.later(fates.latency(), () => resolve(result))
        },
        (error: unknown) => life.later(fates.latency(), () => reject(error)),
      )
    })
  })

/** The shared log over a network that loses requests and answers. */
export const distantLog = (surroundings: Surroundings, life: Life): EventLog => {
  const { log, fates } = surroundings
  return {
    ...log,
    append: (stream, expected, events) => {
      const fate = fates.append()
      if (fate !== 'stored') surroundings.tell(() => `${life.owner}: append to ${stream} is ${fate}`)
      return call(surroundings, life, () => appendWith(surroundings, fate, () => log.append(stream, expected, events), events))
    },
    async *readStream(stream, options) {
      const { events, isBroken } = await call(surroundings, life, () => read(surroundings, stream, options))
      yield* events
      if (isBroken) throw unavailable()
    },
  }
}

const appendWith = async (
  { time, fates, count }: Surroundings,
  fate: AppendFate,
  store: () => Promise<AppendResult>,
  events: readonly NewEvent[],
): Promise<AppendResult> => {
  const unknown = (): AppError => new AppError('OutcomeUnknown', `no answer to an append of ${events.length}`, { retryable: true })
  if (fate !== 'stored') count(APPEND_DEEDS[fate])
  switch (fate) {
    case 'stored':
      return store()
    case 'unavailable':
      throw unavailable()
    case 'lostRequest':
      throw unknown()
    case 'lostAnswer':
      await store()
      throw unknown()
    case 'lateAnswer': {
      const stored = await store()
      await new Promise<void>((resolve) => void time.schedule(fates.lateness(), resolve))
      return stored
    }
    case 'lateRequest':
      // It comes when nobody waits for it any more, and is then stored or refused like any other.
      time.schedule(fates.lateness(), () => void store().catch(() => undefined))
      throw unknown()
  }
}

const APPEND_DEEDS: Readonly<Record<Exclude<AppendFate, 'stored'>, Deed>> = {
  unavailable: 'refusedAppends',
  lostRequest: 'lostAppends',
  lostAnswer: 'lostAcknowledgements',
  lateRequest: 'lateAppends',
  lateAnswer: 'lateAcknowledgements',
}

const unavailable = (): AppError => new AppError('EventLogUnavailable', 'the log cannot be reached', { retryable: true })

interface ReadEvents {
  readonly events: readonly StoredEvent[]
  /** Whether the connection broke off behind them. */
  readonly isBroken: boolean
}

const read = async ({ log, fates, count }: Surroundings, stream: string, options?: ReadStreamOptions): Promise<ReadEvents> => {
  const fate = fates.read()
  if (fate !== 'whole') count(fate === 'failed' ? 'failedReads' : 'brokenReads')
  if (fate === 'failed') throw unavailable()
  const events: StoredEvent[] = []
  for await (const event of log.readStream(stream, options)) events.push(event)
  return fate === 'whole' ? { events, isBroken: false } : { events: events.slice(0, fates.part(events.length)), isBroken: true }
}

export const distantBlobs = (surroundings: Surroundings, life: Life): BlobStore => ({
  put: (text) =>
    call(surroundings, life, () => (surroundings.fates.read() !== 'whole' ? Promise.reject(unavailable()) : surroundings.blobs.put(text))),
  get: (hash) => call(surroundings, life, () => surroundings.blobs.get(hash)),
  getBytes: (hash) => call(surroundings, life, () => surroundings.blobs.getBytes(hash)),
  remove: (hash, putBefore) => call(surroundings, life, () => surroundings.blobs.remove(hash, putBefore)),
  dropDrafts: (before) => call(surroundings, life, () => surroundings.blobs.dropDrafts(before)),
})

export interface SteppingClock extends Clock {
  /** As somebody who sets it would. */
  step(byMs: number): void
}

/** The clock of one machine: its time may be wrong, its timers are not. */
export const machineClock = (time: VirtualTime, life: Life): SteppingClock => {
  let offset = 0
  return {
    now: () => Math.floor(time.now() + offset),
    setTimer: (delayMs, wake) => life.later(delayMs, wake),
    step(byMs) {
      offset = byMs
    },
  }
}
