import type { Clock } from '../../clock.ts'
import type { ClientSubscription, ResolvedEvent, EventStream } from './client.ts'
import type { Lease } from './connection.ts'
import { cutOff } from './errors.ts'

export type IncomingItem =
  | { readonly kind: 'event'; readonly event: ResolvedEvent }
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'passed'; readonly position: number }
  /** Nothing came for so long, which may be well. */
  | { readonly kind: 'silence' }
  /** The server ended it, as if all were well. */
  | { readonly kind: 'end' }

/** One subscription of the client, pulled item by item; what is not pulled yet stays with the server. */
export interface Incoming {
  /** Rejects with what the client failed with. */
  next(): Promise<IncomingItem>
  /** The server has looked so far, behind the events that have arrived. */
  passed(position: number): void
  stop(): void
}

interface Arrivals {
  failure: { readonly error: unknown } | undefined
  hasEnded: boolean
  pulled: number
  /** What is announced while some events before it may still wait to be pulled, and how many come before it. */
  readonly announced: { readonly after: number; readonly item: IncomingItem }[]
  /** Wakes who waits for something to arrive. */
  ring: () => void
}

export const incoming = (subscription: ClientSubscription, lease: Lease, clock: Clock, silenceMs: number): Incoming => {
  const arrivals: Arrivals = { failure: undefined, hasEnded: false, pulled: 0, announced: [], ring: () => undefined }
  listen(subscription, arrivals)
  const takeBackUse = lease.onCutOff((error) => fail(arrivals, error))
  const rung = (): Promise<'rung' | 'silent'> =>
    new Promise((resolve) => {
      const takeBack = clock.setTimer(silenceMs, () => resolve('silent'))
      arrivals.ring = () => {
        takeBack()
        resolve('rung')
      }
    })
  return {
    async next() {
      let item = atHand(subscription, arrivals)
      while (item === undefined) {
        if ((await rung()) === 'silent') return { kind: 'silence' }
        item = atHand(subscription, arrivals)
      }
      return item
    },
    passed(position) {
      const last = arrivals.announced.at(-1)
      // A long way past what does not fit is one announcement.
      if (last?.item.kind === 'passed' && last.after === arrivals.pulled + subscription.readableLength) arrivals.announced.pop()
      announce(subscription, arrivals, { kind: 'passed', position })
    },
    stop() {
      takeBackUse()
      arrivals.hasEnded = true
      arrivals.ring()
      drain(subscription, () => subscription.unsubscribe())
    },
  }
}

const fail = (arrivals: Arrivals, error: unknown): void => {
  arrivals.failure ??= { error }
  arrivals.ring()
}

const announce = (subscription: ClientSubscription, arrivals: Arrivals, item: IncomingItem): void => {
  arrivals.announced.push({ after: arrivals.pulled + subscription.readableLength, item })
  arrivals.ring()
}

const listen = (subscription: ClientSubscription, arrivals: Arrivals): void => {
  // Stays for good: an error that nobody listens to would end the process.
  subscription.on('error', (error: unknown) => fail(arrivals, error))
  subscription.on('readable', () => arrivals.ring())
  subscription.on('caughtUp', () => announce(subscription, arrivals, { kind: 'caughtUp' }))
  for (const event of ['end', 'close']) {
    subscription.on(event, () => {
      arrivals.hasEnded = true
      arrivals.ring()
    })
  }
}

const atHand = (subscription: ClientSubscription, arrivals: Arrivals): IncomingItem | undefined => {
  if (arrivals.failure !== undefined) throw arrivals.failure.error
  const [next] = arrivals.announced
  if (next !== undefined && next.after <= arrivals.pulled) {
    arrivals.announced.shift()
    return next.item
  }
  const event = subscription.read() as ResolvedEvent | null
  if (event === null) return arrivals.hasEnded ? { kind: 'end' } : undefined
  arrivals.pulled += 1
  return { kind: 'event', event }
}

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
    const finish = (done: () => void): void => {
      takeBackTimer()
      takeBackUse()
      done()
    }
    const takeBackUse = lease.onCutOff((error) => finish(() => reject(error)))
    const takeBackTimer = clock.setTimer(timeoutMs, () => {
      finish(() => reject(cutOff(`nothing to read within ${timeoutMs} ms`)))
      lease.silent()
    })
    answer.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
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
const drain = (stream: EventStream, cancel: () => Promise<void>): void => {
  void cancel().then(undefined, () => undefined)
  stream.removeAllListeners('readable')
  stream.resume()
}
