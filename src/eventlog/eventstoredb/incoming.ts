import type { Clock } from '../../clock.ts'
import type { ClientSubscription, ResolvedEvent } from './client.ts'
import type { Lease } from './connection.ts'
import { drain } from './watched-read.ts'

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
