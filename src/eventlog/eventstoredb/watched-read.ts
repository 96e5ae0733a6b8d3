import type { Clock } from '../../clock.ts'
import type { EventStream, ResolvedEvent } from './client.ts'
import type { Lease } from './connection.ts'
import { cutOff } from './errors.ts'

/** What is read through one client comes to one of two ends: its own, or an error once nothing came for so long. */
export async function* watchedRead(
  lease: Lease,
  events: AsyncIterable<ResolvedEvent>,
  clock: Clock,
  timeoutMs: number,
): AsyncGenerator<ResolvedEvent, void, undefined> {
  keepErrorsIn(events)
  const iterator = events[Symbol.asyncIterator]()
  let isDone = false
  try {
    for (;;) {
      const next = await answerTo(lease, iterator.next(), clock, timeoutMs)
      lease.answered()
      isDone = next.done === true
      if (next.done === true) return
      yield next.value
    }
  } finally {
    if (!isDone) abandon(events, iterator)
  }
}

const answerTo = <T>(lease: Lease, answer: Promise<T>, clock: Clock, timeoutMs: number): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const settle = (done: () => void): void => {
      takeBackTimer()
      takeBackUse()
      done()
    }
    const takeBackUse = lease.onCutOff((error) => settle(() => reject(error)))
    const takeBackTimer = clock.setTimer(timeoutMs, () => {
      settle(() => reject(cutOff(`nothing to read within ${timeoutMs} ms`)))
      lease.silent()
    })
    answer.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })

interface ReadStream extends EventStream {
  cancel(): Promise<void>
}

/** One of the clients reads through Node's streams, the other through generators. */
const isStream = (events: object): events is ReadStream => 'cancel' in events

/** An error that a stream emits before or after it is iterated would end the process. */
const keepErrorsIn = (events: object): void => {
  if (isStream(events)) events.on('error', () => undefined)
}

/** Not waited for: a generator that hangs on a dead server ends no more. */
const abandon = (events: object, iterator: AsyncIterator<unknown>): void => {
  if (isStream(events)) drain(events, () => events.cancel())
  else void iterator.return?.().then(undefined, () => undefined)
}

/** A conversation that the server has ended already cannot be cancelled: the client lets go of it once what came is read. */
export const drain = (stream: EventStream, cancel: () => Promise<void>): void => {
  void cancel().then(undefined, () => undefined)
  stream.removeAllListeners('readable')
  stream.resume()
}
